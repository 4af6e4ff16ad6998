"""Bring the catalogues of translations in locale/ up to date with the texts, and compile them.

Run it after changing a text that mails, calendar entries or drivers' pages say; then translate what
is empty or marked as fuzzy in locale/*/LC_MESSAGES/django.po, and run it again. It needs the tools
of GNU gettext. The portal itself does not: the compiled catalogues are kept too.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("de", "fr", "nl")
TOOLS = ("xgettext", "msgmerge", "msgfmt", "msgattrib", "msguniq")
# Where the words are that drivers and readers of mails may see; all else is in one language.
SPOKEN = (
    "accounts/invitations.py",
    "accounts/templatetags/portal.py",
    "bookings/calendar.py",
    "bookings/driver_actions.py",
    "bookings/driver_forms.py",
    "bookings/facts.py",
    "bookings/letters/*.py",
    "bookings/mails.py",
    "bookings/models/booking.py",
    "bookings/models/request.py",
    "bookings/views/driver_page.py",
    "sites/facts.py",
    "sites/labels.py",
    "templates/base.html",
    "templates/driver/*.html",
    "templates/includes/_field*.html",
    "templates/includes/_form_errors.html",
    "templates/includes/_toasts.html",
    "team/mails.py",
    "templates/mail/booking.*",
    "templates/mail/invitation.*",
    "templates/mail/team_invitation.*",
)


def main() -> int:
    """Update and compile the catalogues; return 1 where tools are missing or fail."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        print(f"Not found: {', '.join(missing)}. Please install GNU gettext (apt: gettext).")
        return 1
    (ROOT / "locale").mkdir(exist_ok=True)
    spoken = {path for pattern in SPOKEN for path in ROOT.glob(pattern)}
    ignored = [f"--ignore={path.relative_to(ROOT)}" for path in texts() if path not in spoken]
    languages = [f"--locale={language}" for language in LANGUAGES]
    written = manage("makemessages", *languages, *ignored, "--add-location=file", "--no-obsolete")
    return written or manage("compilemessages", *languages, "--ignore=.venv/*")


def texts() -> Iterator[Path]:
    """Yield the files and folders in which makemessages would look for texts."""
    for folder in ROOT.iterdir():
        if not folder.is_dir() or folder.name.startswith("."):
            continue
        if folder.name in {"node_modules", "static", "tests", "var"}:
            yield folder
        else:
            for ending in ("py", "html", "txt"):
                yield from folder.rglob(f"*.{ending}")


def manage(*arguments: str) -> int:
    """Run a command of manage.py on the settings of the tests; return its exit status."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
