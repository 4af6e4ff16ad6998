from datetime import UTC, datetime, timedelta

import pytest

from ampeco.types import pick_text
from upstream import readers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-11-12 12:00:00", datetime(2022, 11, 12, 12, tzinfo=UTC)),
        ("2022-11-12T12:00:00Z", datetime(2022, 11, 12, 12, tzinfo=UTC)),
        ("2022-11-12T12:00:00+05:30", datetime(2022, 11, 12, 6, 30, tzinfo=UTC)),
        ("2022-11-12T12:00:00.000000Z", datetime(2022, 11, 12, 12, tzinfo=UTC)),
        ("0000-00-00 00:00:00", None),
        ("0001-01-01T00:00:00+10:00", None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:00:00Z", None),
        ("soon", None),
        ("", None),
        (1668254400, None),
        (None, None),
    ],
)
def test_instants(text, expected):
    found = readers.instant(text)
    assert found == expected
    assert found is None or found.utcoffset() == timedelta()


@pytest.mark.parametrize("value", [42, "42", " 42 ", 42.0])
def test_ids(value):
    assert readers.whole_number(value) == 42


@pytest.mark.parametrize(
    "value", [None, True, "", "4x", "٤", "-1", 1.5, float("inf"), 2**70, "9" * 5000, []]
)
def test_what_is_no_id(value):
    assert readers.whole_number(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        ("  plain ", "plain"),
        ([], ""),
        ({}, ""),
        (7.5, ""),
        ([{"locale": "fr", "translation": "Dépôt"}], "Dépôt"),
        ([{"locale": "fr", "translation": "Dépôt"}, {"locale": "en", "translation": "D"}], "D"),
        ([{"locale": "fr", "translation": "Dépôt"}, {"locale": "en-GB", "translation": "D"}], "D"),
        ([{"locale": "en", "translation": ""}, {"locale": "fr", "translation": "Dépôt"}], "Dépôt"),
        ([{"locale": "en", "translation": None}, "junk", {"locale": "en"}], ""),
        ({"locale": "en", "translation": "single"}, "single"),
    ],
)
def test_localized_text(value, expected):
    assert pick_text(value) == expected


def test_localized_text_in_preferred_order():
    value = [{"locale": "en", "translation": "Gate"}, {"locale": "de", "translation": "Tor"}]
    assert pick_text(value, preferred=("nl", "de", "en")) == "Tor"


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", "a\udc00b"])
def test_what_no_database_can_hold_is_replaced(text):
    assert readers.plain_text(text) == "a\ufffdb"
