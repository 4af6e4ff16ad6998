"""Bring the catalogues of translations in locale/ up to date with the texts, and compile them.

Run it after changing a text that people read; then translate what
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
# The back office and what nobody reads on a page is in English alone.
ENGLISH_ALONE = (
    "**/*admin*.py",
    "**/apps.py",
    "**/management/**/*.py",
    "mirror/models.py",
    "privacy/**/*.py",
    "sandbox/**/*.py",
    "sandbox/**/*.html",
    "tools/**/*.py",
    "telemetry/**/*.py",
    "upstream/**/*.py",
    "templates/privacy/**/*.html",
    "templates/team/admin_*.html",
)


def main(words: list[str]) -> int:
    """Update and compile the catalogues, or with --check say what they lack.

    Returns 1 where tools are missing or fail, or something is lacking.
    """
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        print(f"Not found: {', '.join(missing)}. Please install GNU gettext (apt: gettext).")
        return 1
    return check() if words == ["--check"] else collect() or compile_all()


def collect() -> int:
    ignored = [f"--ignore={path.relative_to(ROOT)}" for path in unspoken()]
    languages = [f"--locale={language}" for language in LANGUAGES]
    return manage("makemessages", *languages, *ignored, "--add-location=file", "--no-obsolete")


def compile_all() -> int:
    languages = [f"--locale={language}" for language in LANGUAGES]
    return manage("compilemessages", *languages, "--ignore=.venv/*")


def check() -> int:
    """Say what texts the catalogues lack, or hold though nobody says them; change nothing."""
    paths = [ROOT / "locale" / language / "LC_MESSAGES" / "django.po" for language in LANGUAGES]
    kept = {path: path.read_bytes() for path in paths}
    before = [texts_of(path, translated=True) for path in paths]
    try:
        failed = collect()
        after = [texts_of(path) for path in paths]
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
    for language, old, new in zip(LANGUAGES, before, after, strict=True):
        for text in sorted(new ^ old):
            print(f"{language}: {'not translated' if text in new else 'not said'}: {text!r}")
            failed = 1
    if failed:
        print("Please run “make messages”, and translate what is empty in locale/.")
    return failed


def texts_of(path: Path, *, translated: bool = False) -> set[tuple[str, str, str]]:
    """Return the texts of a catalogue, or those translated: context, text, and text for many."""
    import polib  # type: ignore[import-untyped]

    return {
        (entry.msgctxt or "", entry.msgid, entry.msgid_plural or "")
        for entry in polib.pofile(str(path))
        if entry.translated() or not translated
    }


def unspoken() -> Iterator[Path]:
    yield from (ROOT / folder for folder in ("node_modules", "static", "tests", "var"))
    for pattern in ENGLISH_ALONE:
        yield from ROOT.glob(pattern)


def manage(*arguments: str) -> int:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
