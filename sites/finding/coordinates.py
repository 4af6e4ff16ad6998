"""Coordinates as people paste them: from a map, a receiver of satellites, or a link to a map."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from django.utils.translation import get_language

Point = tuple[float, float]

_FRACTION = "[0-9]{1,20}"
_WHOLE = "[0-9]{1,3}"
_ANY = rf"{_WHOLE}(?:\.{_FRACTION})?"
_DOT = rf"{_WHOLE}\.{_FRACTION}"
_COMMA = rf"{_WHOLE},{_FRACTION}"
_PART = rf"[0-9]{{1,2}}(?:[.,]{_FRACTION})?"
# North, south, east and west in the portal's languages: “Zuid”, “Ost”, “Ouest”.
_LETTER = "[NSEWZO]"
# What an angle looks like, what stands between two, and whether they need letters to be angles.
_SHAPES = [
    (rf"({_ANY}) ?°?()()", r" ?[,;] ?", False),
    (rf"({_DOT}) ?°?()()", r" ?/ ?| ", False),
    (rf"({_COMMA}) ?°?()()", r" ?[,;/] ?| ", False),
    (rf"({_ANY}|{_COMMA}) ?°(?: ?({_PART}) ?'?(?: ?({_PART}) ?\"?)?)?", r" ?[,;/]? ?", False),
    (rf"({_WHOLE}) ({_PART})(?: ({_PART}))?", r" ?[,;/]? ?", True),
]


def _patterns() -> Iterator[re.Pattern[str]]:
    for angle, between, needs_letters in _SHAPES:
        letter = f"({_LETTER})" if needs_letters else f"({_LETTER})?"
        for one in (f"()([+-])?{angle} ?{letter}", f"{letter} ?([+-])?{angle}()"):
            yield re.compile(f"{one}(?:{between}){one}")


_PATTERNS = list(_patterns())
_SPELLINGS = [
    (re.compile("[\N{MINUS SIGN}\N{EN DASH}\N{NON-BREAKING HYPHEN}]"), "-"),
    (re.compile("[º˚]"), "°"),
    (re.compile("″|“|”|''|′′|’’"), '"'),
    (re.compile("[′’‘´`]"), "'"),
    (re.compile(r"[()\[\]]|\bLAT(?:ITUDE)?\b[:=]?|\bL(?:ONGITUDE|ON|ONG|NG)\b[:=]?"), " "),
]
_LINK = re.compile(r"(?:https?://|www\.|maps\.)\S+", re.IGNORECASE)
_PIN = re.compile(r"!3d(-?[0-9.]{1,24})!4d(-?[0-9.]{1,24})")
_MIDDLE = re.compile(r"@(-?[0-9.]{1,24}),(-?[0-9.]{1,24})")
_VIEW = re.compile(r"(?:map=)?[0-9.]{1,5}/(-?[0-9.]{1,24})/(-?[0-9.]{1,24})")
# Before the middle of what the map showed comes what somebody looked for or pinned.
_ASKED = ("q", "query", "coordinate", "destination", "daddr", "ll", "center", "cp", "map", "sll")


def is_link(text: str) -> bool:
    return bool(_LINK.search(text))


def read_coordinates(text: str) -> Point | None:
    """Return the latitude and longitude that a text means, whatever the globe says to them.

    None where it is something else, such as an address, or a link that does not tell.
    """
    if text[:4].lower() == "geo:":
        return _of_geo_uri(text[4:])
    if link := _LINK.search(text):
        return _of_link(link[0])
    for spelling, ours in _SPELLINGS:
        text = spelling.sub(ours, text.upper())
    text = " ".join(text.split())
    found = (pattern.fullmatch(text) for pattern in _PATTERNS)
    return next((_point(match.groups()) for match in found if match), None)


def _point(groups: tuple[str | None, ...]) -> Point | None:
    """Return what two angles mean: before, sign, degrees, minutes, seconds, after of each."""
    angles = []
    for before, sign, degrees, minutes, seconds, after in (groups[:6], groups[6:]):
        parts = [float((part or "0").replace(",", ".")) for part in (degrees, minutes, seconds)]
        letter = _english(before or after or "")
        if max(parts[1:]) >= 60 or (sign == "-" and letter in {"N", "E"}):
            return None
        backwards = sign == "-" or letter in {"S", "W"}
        size = parts[0] + parts[1] / 60 + parts[2] / 3600
        angles.append((-size if backwards else size, letter))
    (one, first), (other, second) = angles
    is_latitude = [not letter or letter in "NS" for letter in (first, second)]
    if first and second and is_latitude[0] == is_latitude[1]:
        return None
    turned = (first and not is_latitude[0]) or (second and is_latitude[1])
    return (other, one) if turned else (one, other)


def _english(letter: str) -> str:
    west = (get_language() or "").startswith("fr")
    return {"Z": "S", "O": "W" if west else "E"}.get(letter, letter)


def _of_geo_uri(text: str) -> Point | None:
    """Return the place of a `geo:` address (RFC 5870); Android's may be 0,0 with a question."""
    place, _mark, asked = text.partition("?")
    for name, value in parse_qsl(asked):
        if name == "q" and (found := read_coordinates(value.partition("(")[0])):
            return found
    return read_coordinates(",".join(place.partition(";")[0].split(",")[:2]))


def _of_link(link: str) -> Point | None:
    """Return the place that a link to a map of Google, Apple, OpenStreetMap or others shows."""
    try:
        address = urlsplit(link if "://" in link else f"https://{link}")
        asked = dict(parse_qsl(address.query))
    except ValueError:
        return None
    found = _PIN.findall(link)[-1:]
    if "mlat" in asked and "mlon" in asked:
        found.append((asked["mlat"], asked["mlon"]))
    texts = [f"{latitude}, {longitude}" for latitude, longitude in found]
    texts += [",".join(re.split("[,~]", asked[name])[:2]) for name in _ASKED if name in asked]
    texts += [unquote_plus(part) for part in address.path.split("/")]
    for match in (_MIDDLE.search(unquote_plus(address.path)), _VIEW.match(address.fragment)):
        texts += [f"{match[1]}, {match[2]}"] if match else []
    read = (read_coordinates(text) for text in texts if not is_link(text))
    return next((point for point in read if point), None)
