"""What logs leave out."""

import logging
import re

# What follows in the path lets whoever reads it open a page: drivers' links, calendars, new
# passwords.
BEFORE_A_SECRET = re.compile(r"(/(?:d|calendar|reset/key)/)[^/\s\"']+")


class HideSecrets(logging.Filter):
    """Writes “…” for secrets in addresses, so that nobody can follow a link from a log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without secrets."""
        message = record.getMessage()
        hidden = BEFORE_A_SECRET.sub(r"\1…", message)
        if hidden != message:
            record.msg, record.args = hidden, None
        return True
