"""What tests about sessions read from pages and files, and the days they are about."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

from django.utils.timezone import now

from charging.services import last_day_of


def this_month(day: int = 15) -> datetime:
    """Return noon of a day of the present month, in UTC."""
    return now().astimezone(UTC).replace(day=day, hour=12, minute=0, second=0, microsecond=0)


def last_month() -> datetime:
    return this_month(1) - timedelta(days=10)


def text_of(answer) -> str:
    """Return what is to be read on a page, on one line."""
    content = re.sub(r"<(script|style).*?</\1>", " ", answer.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", content)).split())


def rows_of(answer) -> list[int]:
    """Return the keys of the sessions that a page lists, in its order."""
    return [int(pk) for pk in re.findall(r'<tr id="session-(\d+)"', answer.content.decode())]


def month_of_days(month: date) -> tuple[date, date]:
    return month, last_day_of(month)
