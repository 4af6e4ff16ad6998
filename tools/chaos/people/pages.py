"""What people read on the portal's pages."""

import re
from html import unescape

import httpx

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
VERSION = re.compile(r'name="version" value="(\d+)"')
SHOWN = re.compile(r"/(bookings|tables|series|waiting)/(\d+)/$")
SEEN = re.compile(r'name="seen" value="([^"]*)"')
# What the page of a file sends along, and what would become of each line.
TEXT = re.compile(r'name="text" value="([^"]*)"')
LINE = re.compile(r'id="line-(\d+)".*?class="state state--(\w+)"', re.DOTALL)
OFFER = re.compile(r'id="open-offer" href="([^"]+)"')
PROBLEM = re.compile(
    r'class="(?:field__error|alert alert-(?:danger|warning))[^"]*"[^>]*>(.*?)</(?:div|p)>',
    re.DOTALL,
)
TAGS = re.compile(r"<[^>]+>")


def shown_at(answer: httpx.Response, kind: str) -> int | None:
    """Return the number of what an answer leads to, if it is of that kind."""
    if answer.status_code != httpx.codes.FOUND:
        return None
    found = SHOWN.search(answer.headers.get("Location", ""))
    return int(found[2]) if found and found[1] == kind else None


def problem_on(answer: httpx.Response) -> str:
    found = PROBLEM.search(answer.text)
    words = " ".join(TAGS.sub(" ", found[1]).split())[:120] if found else ""
    return f"{answer.status_code} {unescape(words)}".strip()


def value_of(field: re.Pattern[str], answer: httpx.Response) -> str:
    """Return what a hidden field of a page holds, or ""."""
    found = field.search(answer.text)
    return unescape(found[1]) if found else ""
