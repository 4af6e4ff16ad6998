"""How states of charge, ages, prices and alerts are written."""

from datetime import UTC, datetime, timedelta

import pytest

from energy.alert_words import OTHERWISE, SENTENCES, sentence_of
from energy.wording import charge_text, percent, price
from shell.formats import age_text

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=-20), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=4, seconds=50), "4 min ago"),
        (timedelta(hours=3, minutes=12), "3 h 12 min ago"),
        (timedelta(days=2, hours=5), "2\xa0days ago"),
    ],
    ids=str,
)
def test_an_age_is_told_in_the_unit_that_fits(age, words):
    assert age_text(NOW - age, NOW) == words


def test_a_state_of_charge_says_whose_it_is():
    told = NOW - timedelta(minutes=4)
    assert charge_text(62.4, "telematics", told, NOW) == "62 % · telematics, 4 min ago"
    assert charge_text(0, "charger", NOW, NOW) == "0 % · charger, just now"
    assert charge_text(None, "telematics", told, NOW) == "unknown"
    assert charge_text(62, "", None, NOW) == "62 %"
    assert percent(None) == ""


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0.1", "0.10 USD"),
        ("0.125", "0.125 USD"),
        ("0.08125", "0.0812 USD"),
        (0.3, "0.30 USD"),
        ("-0.02", "-0.02 USD"),
        (None, ""),
    ],
)
def test_a_price_has_the_decimals_that_it_needs(amount, words):
    assert price(amount, "USD") == words


def test_each_alert_that_the_document_names_has_a_sentence_of_its_own():
    assert len(SENTENCES) == 27
    texts = {sentence_of(name) for name in SENTENCES}
    assert len(texts) == 27
    assert str(OTHERWISE) not in texts
    assert sentence_of("SOMETHING_NEW") == str(OTHERWISE)
