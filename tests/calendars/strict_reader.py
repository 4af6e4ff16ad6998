"""Reads a calendar as strictly as RFC 5545, 5546, 6068 and 7986 have it written; for what we write.

Whatever they do not allow fails: a sign, a parameter, a value, a property too many or too few, and
what iTIP's tables (RFC 5546, 3.2) want of an entry of a method. What is allowed but never written
here (recurrence, to-dos, attachments and so on) is not known, and fails as well.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

LONGEST = 75
NAME = r"[A-Za-z0-9-]+"
# 3.1: what may stand in a parameter's value, bare and quoted, and in any value.
BARE = r"[^\x00-\x08\x0a-\x1f\x7f\";:,]*"
QUOTED = r"\"[^\x00-\x08\x0a-\x1f\x7f\"]*\""
PARAMETER = re.compile(rf";({NAME})=((?:{QUOTED}|{BARE})(?:,(?:{QUOTED}|{BARE}))*)")
LINE = re.compile(rf"({NAME})((?:{PARAMETER.pattern})*):([^\x00-\x08\x0a-\x1f\x7f]*)")
TEXT = re.compile(r"(?:[^\x00-\x1f\x7f;,\\]|\\[\\;,nN])*")
# RFC 3986: what an address may be made of. RFC 6068: an address of e-mail.
URI_SIGN = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?#\[\]-]|%[0-9A-Fa-f]{2})"
MAILTO = re.compile(r"mailto:(?:[A-Za-z0-9._~!$'()*+-]|%[0-9A-Fa-f]{2})+@[A-Za-z0-9.-]+")


@dataclass
class Property:
    """One line of a calendar, unfolded."""

    name: str
    parameters: dict[str, str]
    value: str


@dataclass
class Component:
    """What stands between BEGIN and END."""

    name: str
    properties: list[Property] = field(default_factory=list)
    components: list["Component"] = field(default_factory=list)

    def value(self, name: str) -> str:
        """Return the value of a property; nothing where it is missing."""
        return next((each.value for each in self.properties if each.name == name), "")


# Values


def _text(value: str) -> None:
    assert TEXT.fullmatch(value), value


def _uri(value: str) -> None:
    assert re.fullmatch(rf"[A-Za-z][A-Za-z0-9+.-]*:{URI_SIGN}+", value), value


def _cal_address(value: str) -> None:
    _uri(value)
    assert MAILTO.fullmatch(value), value


def _utc(value: str) -> None:
    assert re.fullmatch(r"\d{8}T\d{6}Z", value), value
    datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _local(value: str) -> None:
    assert re.fullmatch(r"\d{8}T\d{6}", value), value


def _offset(value: str) -> None:
    assert re.fullmatch(r"[+-]\d{4}", value), value
    assert value != "-0000"


def _integer(value: str) -> None:
    assert re.fullmatch(r"\d{1,10}", value), value
    assert int(value) < 2**31


def _duration(value: str) -> None:
    assert re.fullmatch(r"[+-]?P(?:\d+W|\d+D|(?:\d+D)?T(?:\d+H)?(?:\d+M)?(?:\d+S)?)", value), value
    assert not value.endswith("T"), value


def _geo(value: str) -> None:
    # 3.8.1.6: six decimal places as a rule.
    assert re.fullmatch(r"-?\d{1,2}\.\d{6};-?\d{1,3}\.\d{6}", value), value
    latitude, longitude = map(float, value.split(";"))
    assert abs(latitude) <= 90, value
    assert abs(longitude) <= 180, value


def one_of(*values: str) -> Callable[[str], None]:
    """Return what refuses all but these."""

    def check(value: str) -> None:
        assert value in values, f"{value} is none of {values}"

    return check


@dataclass(frozen=True)
class Rule:
    """What a property may hold, and its parameters."""

    value: Callable[[str], None]
    parameters: Mapping[str, Callable[[str], None]] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()


def _anything(_value: str) -> None:
    """Accept what the grammar of lines accepts."""


TEXTUAL = Rule(_text, {"ALTREP": _uri, "LANGUAGE": _anything})
RULES = {
    # 3.6 and 3.7; RFC 7986, 5.
    ("VCALENDAR", "PRODID"): Rule(_text),
    ("VCALENDAR", "VERSION"): Rule(one_of("2.0")),
    ("VCALENDAR", "CALSCALE"): Rule(one_of("GREGORIAN")),
    ("VCALENDAR", "METHOD"): Rule(one_of("PUBLISH", "REQUEST", "CANCEL")),
    ("VCALENDAR", "NAME"): TEXTUAL,
    ("VCALENDAR", "REFRESH-INTERVAL"): Rule(
        _duration, {"VALUE": one_of("DURATION")}, frozenset({"VALUE"})
    ),
    # 3.6.1 and 3.8.
    ("VEVENT", "UID"): Rule(_text),
    ("VEVENT", "DTSTAMP"): Rule(_utc),
    ("VEVENT", "LAST-MODIFIED"): Rule(_utc),
    ("VEVENT", "DTSTART"): Rule(_utc),
    ("VEVENT", "DTEND"): Rule(_utc),
    ("VEVENT", "SEQUENCE"): Rule(_integer),
    ("VEVENT", "STATUS"): Rule(one_of("TENTATIVE", "CONFIRMED", "CANCELLED")),
    ("VEVENT", "TRANSP"): Rule(one_of("OPAQUE", "TRANSPARENT")),
    ("VEVENT", "GEO"): Rule(_geo),
    ("VEVENT", "URL"): Rule(_uri),
    ("VEVENT", "SUMMARY"): TEXTUAL,
    ("VEVENT", "LOCATION"): TEXTUAL,
    ("VEVENT", "DESCRIPTION"): TEXTUAL,
    ("VEVENT", "ORGANIZER"): Rule(_cal_address, {"CN": _anything, "SENT-BY": _cal_address}),
    ("VEVENT", "ATTENDEE"): Rule(
        _cal_address,
        {
            "CN": _anything,
            "CUTYPE": one_of("INDIVIDUAL"),
            "ROLE": one_of("CHAIR", "REQ-PARTICIPANT", "OPT-PARTICIPANT", "NON-PARTICIPANT"),
            "PARTSTAT": one_of("NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE"),
            "RSVP": one_of("TRUE", "FALSE"),
        },
    ),
    # 3.6.6, a DISPLAY alarm.
    ("VALARM", "ACTION"): Rule(one_of("DISPLAY")),
    ("VALARM", "TRIGGER"): Rule(_duration, {"RELATED": one_of("START", "END")}),
    ("VALARM", "DESCRIPTION"): TEXTUAL,
    # 3.6.5.
    ("VTIMEZONE", "TZID"): Rule(_text),
    ("STANDARD", "DTSTART"): Rule(_local),
    ("STANDARD", "TZOFFSETFROM"): Rule(_offset),
    ("STANDARD", "TZOFFSETTO"): Rule(_offset),
}
# How often each may stand there where not at most once: least, and most if there is one.
HOW_OFTEN: dict[tuple[str, str], tuple[int, int | None]] = {
    **{("VCALENDAR", name): (1, 1) for name in ("PRODID", "VERSION")},
    **{("VEVENT", name): (1, 1) for name in ("UID", "DTSTAMP", "DTSTART")},
    ("VEVENT", "ATTENDEE"): (0, None),
    **{("VALARM", name): (1, 1) for name in ("ACTION", "TRIGGER", "DESCRIPTION")},
    ("VTIMEZONE", "TZID"): (1, 1),
    **{("STANDARD", name): (1, 1) for name in ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO")},
}
MAY_HOLD = {"VCALENDAR": {"VEVENT", "VTIMEZONE"}, "VEVENT": {"VALARM"}, "VTIMEZONE": {"STANDARD"}}
# RFC 5546, 3.2.1, 3.2.2 and 3.2.5, where they want more than RFC 5545. A SEQUENCE may be missing
# while it is 0, except in a CANCEL; we always have one.
NEEDED = {"ORGANIZER", "DTSTAMP", "SEQUENCE", "UID"}
METHODS: dict[str, dict[str, tuple[int, int | None]]] = {
    "PUBLISH": dict.fromkeys(NEEDED | {"DTSTART", "SUMMARY"}, (1, 1)) | {"ATTENDEE": (0, 0)},
    "REQUEST": dict.fromkeys(NEEDED | {"DTSTART", "SUMMARY"}, (1, 1)) | {"ATTENDEE": (1, None)},
    # Whoever is to take it out has to find themselves in it.
    "CANCEL": dict.fromkeys(NEEDED, (1, 1)) | {"ATTENDEE": (1, None)},
}
STATUS_OF = {
    "PUBLISH": {"TENTATIVE", "CONFIRMED", "CANCELLED"},
    "REQUEST": {"TENTATIVE", "CONFIRMED"},
    "CANCEL": {"CANCELLED"},
}


def read_strictly(content: bytes) -> Component:
    """Return a calendar; raise AssertionError where it is not as the standards have it."""
    lines = iter(_unfolded(content))
    assert next(lines) == "BEGIN:VCALENDAR"
    calendar = _component("VCALENDAR", lines)
    assert list(lines) == [], "one calendar"
    _check(calendar)
    events = [each for each in calendar.components if each.name == "VEVENT"]
    # 3.4 wants a component in each calendar, RFC 5546 an entry in each that has a method.
    assert calendar.components
    method = calendar.value("METHOD")
    assert events or not method
    assert len({event.value("UID") for event in events}) == len(events)
    for event in events:
        _check_event(event, method)
    return calendar


def _unfolded(content: bytes) -> list[str]:
    assert content.endswith(b"\r\n")
    lines: list[str] = []
    for line in content[:-2].split(b"\r\n"):
        assert len(line) <= LONGEST, line
        # What is folded breaks no character either.
        text = line.decode("utf-8")
        if text.startswith((" ", "\t")):
            lines[-1] += text[1:]
        else:
            lines.append(text)
    return lines


def _component(name: str, lines: "iter[str]") -> Component:
    found = Component(name)
    for text in lines:
        if text == f"END:{name}":
            return found
        match = LINE.fullmatch(text)
        assert match, text
        key, value = match[1].upper(), match[match.re.groups]
        if key == "BEGIN":
            found.components.append(_component(value, lines))
            continue
        assert not found.components, f"{key} after what {name} holds"
        parameters = PARAMETER.findall(match[2] or "")
        assert len({each for each, _value in parameters}) == len(parameters), text
        found.properties.append(
            Property(key, {each: given.strip('"') for each, given in parameters}, value)
        )
    raise AssertionError(f"{name} does not end")


def _check(found: Component) -> None:
    counts = Counter(each.name for each in found.properties)
    for name in {name for component, name in RULES if component == found.name}:
        _is_within(counts[name], HOW_OFTEN.get((found.name, name), (0, 1)), name)
    for each in found.properties:
        if each.name.startswith("X-"):
            _text(each.value)
            continue
        rule = RULES.get((found.name, each.name))
        assert rule, f"{each.name} in {found.name}"
        rule.value(each.value)
        assert rule.needed <= each.parameters.keys(), each
        for name, given in each.parameters.items():
            assert name in rule.parameters, each
            rule.parameters[name](given)
    for component in found.components:
        assert component.name in MAY_HOLD.get(found.name, set()), component.name
        _check(component)
    if found.name == "VTIMEZONE":
        assert found.components


def _is_within(count: int, how_often: tuple[int, int | None], name: str) -> None:
    least, most = how_often
    assert least <= count, f"{name} is missing"
    assert most is None or count <= most, f"{count} times {name}"


def _check_event(event: Component, method: str) -> None:
    assert event.value("DTSTART") < event.value("DTEND")
    if not method:
        return
    counts = Counter(each.name for each in event.properties)
    for name, how_often in METHODS[method].items():
        _is_within(counts[name], how_often, name)
    assert event.value("STATUS") in STATUS_OF[method]
    assert not (method == "CANCEL" and event.components), "an alarm of what is gone"
