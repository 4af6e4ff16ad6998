import re

from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from calendars.entries import component, fold, line, text_line, to_bytes

# What a database may hold of texts: anything but lone halves of characters.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS.map(lambda text: re.sub(r"[\r\n]", "", text)))
def test_folding_breaks_no_character_and_loses_none(unfolded):
    pieces = fold(unfolded).split(b"\r\n")
    assert max(len(piece) for piece in pieces) <= 75
    assert all(piece.startswith(b" ") for piece in pieces[1:])
    assert "".join([pieces[0].decode(), *(piece[1:].decode() for piece in pieces[1:])]) == unfolded


@given(TEXTS)
def test_a_text_is_read_as_it_was_without_control_characters(text):
    lines = component("VCALENDAR", component("VEVENT", [text_line("SUMMARY", text)]))
    (event,) = Calendar.from_ical(to_bytes(lines)).events
    assert str(event["SUMMARY"]) == re.sub(r"[\x00-\x09\x0b-\x1f\x7f]", "", text)


@given(TEXTS, TEXTS)
def test_neither_parameters_nor_values_add_a_line(name, value):
    written = to_bytes([line("ATTENDEE", f"mailto:{value}", CN=name, RSVP="FALSE")])
    unfolded = written.replace(b"\r\n ", b"").decode()
    assert unfolded.endswith("\r\n")
    # Other separators of lines are just characters to RFC 5545.
    assert re.findall(r"[\r\n]", unfolded) == ["\r", "\n"]
    assert unfolded.count('"') - value.count('"') in {0, 2}
