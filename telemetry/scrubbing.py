"""Takes out of texts what must not leave the portal: people's addresses, secrets, secret links."""

import re
from collections.abc import Iterable

# Shorter ones would cut holes into ordinary words.
SHORTEST_SECRET = 8
# Path segments this long are tokens, not names.
LONGEST_SEGMENT = 20

E_MAIL = re.compile(r"""[^\s@<>"'`()\[\]{},;:=/\\]+@[^\s@<>"'`()\[\]{},;:=/\\]+\.[^\W\d_]{2,}""")
# Pages that a link opens without a log-in: a driver's page, a calendar, a new password.
SECRET_LINK = re.compile(r"(/(?:d|calendar|key|invitation|join)/)[^/\s\"'<>]+")
# PostgreSQL repeats the values of a row that it refuses.
DATABASE_DETAIL = re.compile(r"DETAIL:.*?(?=\n[A-Z]+:|\n\n|\nTraceback|\Z)", re.DOTALL)


class Scrubber:
    """Cleans texts of e-mail addresses, secret links, refused rows and the secrets it is given."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted(
            {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}, key=len, reverse=True
        )

    def clean(self, text: str) -> str:
        """Return the text without what must not leave the portal."""
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        if "DETAIL:" in text:
            text = DATABASE_DETAIL.sub("DETAIL: [left out]", text)
        if "@" in text:
            text = E_MAIL.sub("[e-mail]", text)
        if "/" in text:
            text = SECRET_LINK.sub(r"\1[secret]", text)
        return text


def short_path(path: str) -> str:
    """Return the path of an unknown address with its long segments, which may be tokens, cut."""
    return "/".join(
        segment if len(segment) <= LONGEST_SEGMENT else "[…]" for segment in path.split("/")
    )
