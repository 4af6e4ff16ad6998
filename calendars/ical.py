"""The lines that a calendar file is made of (RFC 5545, 3.1): escaped, folded, ended as it wants.

Written by hand because a feed has tens of thousands of them, and what a general library knows of
properties makes each several times as dear. Tests read them with three such libraries.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

LONGEST = 75
NOT_ALLOWED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
ESCAPES = str.maketrans({"\\": r"\\", ";": r"\;", ",": r"\,", "\n": r"\n"})
NEEDS_QUOTES = re.compile(r"[,;: ]")


def line(name: str, value: str, **parameters: str) -> str:
    """Return a property whose value is written as it is: a code, an address, a number.

    Parameters lose what they cannot hold: double quotes and control characters.
    """
    for key, text in parameters.items():
        plain = NOT_ALLOWED.sub(" ", text).replace("\n", " ").replace('"', "'")
        name += f';{key}="{plain}"' if NEEDS_QUOTES.search(plain) else f";{key}={plain}"
    return f"{name}:{NOT_ALLOWED.sub('', value).replace(chr(10), '')}"


def text_line(name: str, text: str) -> str:
    """Return a property whose value is text, which may have line breaks."""
    return f"{name}:{NOT_ALLOWED.sub('', text).translate(ESCAPES)}"


def instant_line(name: str, at: datetime) -> str:
    """Return a property whose value is an instant, in UTC."""
    return f"{name}:{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def component(name: str, lines: Iterable[str]) -> list[str]:
    """Return lines as a part of a calendar, such as an event."""
    return [f"BEGIN:{name}", *lines, f"END:{name}"]


def to_bytes(lines: Iterable[str]) -> bytes:
    """Return lines as they go over the wire."""
    return b"".join(fold(each) + b"\r\n" for each in lines)


def fold(unfolded: str) -> bytes:
    """Return a line in pieces of at most 75 bytes, none of which breaks a character."""
    rest = unfolded.encode()
    if len(rest) <= LONGEST:
        return rest
    pieces = []
    room = LONGEST
    while len(rest) > room:
        end = room
        while rest[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(rest[:end])
        rest = rest[end:]
        # The blank by which a line goes on counts too.
        room = LONGEST - 1
    return b"\r\n ".join([*pieces, rest])
