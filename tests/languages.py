"""In which languages people are spoken to, and what there is that they are not."""

import gettext

from django.conf import settings
from django.http import HttpResponse

from tests.access import Entry

OTHERS = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


class Untranslated(gettext.NullTranslations):
    """Comes after a language's own catalogue, and notes what that one could not say."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: set[str] = set()

    def gettext(self, message: str) -> str:
        self.texts.add(message)
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        self.texts.add(msgid1)
        return msgid1 if n == 1 else msgid2


def language_amiss(entry: Entry, answer: HttpResponse, language: str) -> str:
    """Return in which language a page is that its reader does not speak, or nothing."""
    if not answer.headers["Content-Type"].startswith("text/html") or answer.status_code >= 300:
        return ""
    # Whom a link was mailed to is spoken to in their own language, whoever looks.
    of_a_reader = entry.path.startswith(("/d/", "/report-mail/"))
    told = answer["Content-Language"]
    return "" if told == ("en" if of_a_reader else language) else told
