"""Tags and filters: icons, query strings, times in a zone, quantities."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import pytest
from django.core.paginator import Paginator
from django.template import Context, Template, TemplateSyntaxError
from django.test import RequestFactory
from django.urls import NoReverseMatch
from django.utils import translation
from django.utils.safestring import SafeString
from hypothesis import given
from hypothesis import strategies as st

from shell.formats import (
    duration,
    in_zone,
    kw,
    period,
    time_in_zone,
    zone_label,
)
from shell.templatetags.portal import page_numbers

NEW_YORK = ZoneInfo("America/New_York")


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def draw(source: str, **context: object) -> str:
    return Template("{% load portal %}" + source).render(Context(context))


# Icons


def test_an_icon_is_hidden_from_screen_readers_when_text_stands_beside_it():
    drawn = draw('{% icon "bolt" %}')
    assert 'href="/static/icons.svg#bolt"' in drawn
    assert 'aria-hidden="true"' in drawn


def test_an_icon_that_stands_alone_says_what_it_means():
    drawn = draw('{% icon "bolt" label=text css="icon-sm" %}', text='Fast "DC"')
    assert 'role="img" aria-label="Fast &quot;DC&quot;"' in drawn
    assert 'class="icon icon-sm"' in drawn
    assert "aria-hidden" not in drawn


# What is kept


def test_a_kept_part_is_drawn_anew_for_other_values_and_in_another_language():
    part = Template(
        '{% load i18n portal %}{% kept name=name %}{{ name }}: {% translate "Sites" %}{% endkept %}'
    )
    for name in ("Ana", "Ben", "Ana"):
        for language, word in (("en", "Sites"), ("de", "Standorte"), ("en", "Sites")):
            with translation.override(language):
                assert part.render(Context({"name": name})) == f"{name}: {word}"


def test_a_kept_part_knows_nothing_else_of_its_page():
    source = "{% kept name=name %}[{{ name }}{{ secret }}{{ csrf_token }}]{% endkept %}"
    assert draw(source, name="Ana", secret="of Ana alone", csrf_token="token") == "[Ana]"


def test_a_kept_part_tells_safe_html_from_a_text_that_reads_the_same():
    part = Template("{% load portal %}{% kept name=name %}{{ name }}{% endkept %}")
    drawn = [part.render(Context({"name": name})) for name in (SafeString("<b>"), "<b>")]
    assert drawn == ["<b>", "&lt;b&gt;"]


def test_what_differs_with_each_request_keeps_no_part():
    with pytest.raises(TypeError):
        draw("{% kept rows=rows %}{% endkept %}", rows=[])
    with pytest.raises(TemplateSyntaxError):
        draw("{% kept rows %}{% endkept %}", rows=[])


def test_a_text_and_an_address_are_what_django_makes_of_them():
    source = (
        '{% translate "Cancel" context "a booking" %} {% translate "100%%" %} {% url "home" %} '
        '{% translate word %} {% translate "Sites" as named %}{{ named }} {% url "no-such" as no %}'
        '{% url "bookings:detail" number %}{% url "bookings:status" pk=number %}'
    )
    values = {"word": "Drivers", "number": 7}
    for language in ("en", "de", "fr"):
        with translation.override(language):
            usual = Template("{% load i18n %}" + source).render(Context(values))
            assert draw("{% load i18n portal %}" + source, **values) == usual
    with pytest.raises(NoReverseMatch):
        draw('{% url "no-such-page" %}')


# Query strings


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("{% query page=3 %}", "?q=a+b&amp;tag=x&amp;tag=y&amp;page=3"),
        ("{% query q=None page=None %}", "?tag=x&amp;tag=y"),
        ('{% query tag="" page=none %}', "?q=a+b"),
        ("{% query tag=tags page=None q=None %}", "?tag=1&amp;tag=2"),
        ("{% query q=None tag=None page=None %}", "?"),
    ],
)
def test_a_query_string_keeps_what_is_not_changed(tag, expected):
    request = RequestFactory().get("/", {"q": "a b", "tag": ["x", "y"], "page": "2"})
    drawn = draw(tag, request=request, none=None, tags=[1, 2])
    assert sorted(drawn.lstrip("?").split("&amp;")) == sorted(expected.lstrip("?").split("&amp;"))
    assert drawn.startswith("?")


# Times


@pytest.mark.parametrize(
    ("instant", "zone", "expected"),
    [
        (utc(2026, 11, 23, 23), "America/New_York", "Mon 23 Nov 2026, 18:00"),
        (utc(2026, 11, 23, 20, 15), "Asia/Kolkata", "Tue 24 Nov 2026, 01:45"),
        (utc(2026, 11, 23, 20), "Asia/Kathmandu", "Tue 24 Nov 2026, 01:45"),
        (utc(2026, 7, 1, 20), "", "Wed 1 Jul 2026, 20:00"),
        (utc(2026, 7, 1, 20), None, "Wed 1 Jul 2026, 20:00"),
        # Clocks go forward: 02:00 to 03:00 is not there.
        (utc(2026, 3, 8, 6, 59), "America/New_York", "Sun 8 Mar 2026, 01:59"),
        (utc(2026, 3, 8, 7, 0), "America/New_York", "Sun 8 Mar 2026, 03:00"),
        (utc(2026, 10, 3, 15, 30), "Australia/Lord_Howe", "Sun 4 Oct 2026, 02:30"),
        # Clocks go back: the hour is there twice, so its zone is named.
        (utc(2026, 11, 1, 5, 30), "America/New_York", "Sun 1 Nov 2026, 01:30 EDT"),
        (utc(2026, 11, 1, 6, 30), "America/New_York", "Sun 1 Nov 2026, 01:30 EST"),
        (utc(2026, 11, 1, 7, 0), "America/New_York", "Sun 1 Nov 2026, 02:00"),
        (utc(2026, 4, 4, 14, 45), "Australia/Lord_Howe", "Sun 5 Apr 2026, 01:45 UTC+11"),
        (utc(2026, 4, 4, 15, 15), "Australia/Lord_Howe", "Sun 5 Apr 2026, 01:45 UTC+10:30"),
    ],
)
def test_an_instant_is_shown_in_the_zone(instant, zone, expected):
    assert in_zone(instant, zone) == expected


def test_day_and_time_alone():
    instant = utc(2026, 11, 23, 23, 5)
    assert draw("{{ i|time_in_zone:z }}", i=instant, z=NEW_YORK) == "18:05"
    assert time_in_zone(utc(2026, 11, 1, 6, 30), NEW_YORK) == "01:30 EST"


def test_the_viewers_own_zone_changes_nothing():
    kolkata = utc(2026, 11, 23, 23).astimezone(ZoneInfo("Asia/Kolkata"))
    assert in_zone(kolkata, NEW_YORK) == "Mon 23 Nov 2026, 18:00"


def test_words_in_dates_are_in_the_readers_language():
    with translation.override("de"):
        assert in_zone(utc(2026, 12, 22, 23), NEW_YORK).startswith("Di, 22. Dez. 2026")


def test_no_instant_is_no_text():
    assert in_zone(None, NEW_YORK) == ""
    assert time_in_zone(None, NEW_YORK) == ""
    assert zone_label(NEW_YORK, None) == ""
    assert period(None, None, NEW_YORK) == ""


def test_a_zone_that_there_is_not_is_not_passed_over():
    with pytest.raises(ZoneInfoNotFoundError):
        in_zone(utc(2026, 1, 1), "Atlantis/Capital")


@given(
    zone=st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"})),
    minute=st.integers(min_value=0, max_value=2 * 365 * 24 * 60),
    later=st.sampled_from([15, 30, 45, 60, 120, 24 * 60]),
)
def test_two_slots_never_read_the_same(zone, minute, later):
    first = utc(2026, 1, 1) + timedelta(minutes=minute)
    assert in_zone(first, zone) != in_zone(first + timedelta(minutes=later), zone)


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        (utc(2026, 11, 23, 23), 1, "Mon 23 Nov 2026, 18:00–19:00"),
        (utc(2026, 11, 23, 23), 12, "Mon 23 Nov 2026, 18:00 – Tue 24 Nov 2026, 06:00"),
        (utc(2026, 11, 1, 5, 30), 1, "Sun 1 Nov 2026, 01:30 EDT–01:30 EST"),
    ],
)
def test_a_period_names_the_day_again_where_it_ends_on_another(start, hours, expected):
    end = start + timedelta(hours=hours)
    assert draw("{% period s e z %}", s=start, e=end, z=NEW_YORK) == expected


@pytest.mark.parametrize(
    ("zone", "instant", "expected"),
    [
        (NEW_YORK, utc(2026, 11, 23), "New York time (EST, UTC−5)"),
        (NEW_YORK, utc(2026, 7, 1), "New York time (EDT, UTC−4)"),
        ("Asia/Kolkata", utc(2026, 7, 1), "Kolkata time (IST, UTC+5:30)"),
        ("Asia/Kathmandu", utc(2026, 7, 1), "Kathmandu time (UTC+5:45)"),
        ("America/St_Johns", utc(2026, 1, 1), "St Johns time (NST, UTC−3:30)"),
        ("America/Argentina/Buenos_Aires", utc(2026, 1, 1), "Buenos Aires time (UTC−3)"),
        ("Europe/London", utc(2026, 1, 1), "London time (GMT, UTC)"),
        ("UTC", utc(2026, 1, 1), "UTC"),
        ("", utc(2026, 1, 1), "UTC"),
        ("Etc/GMT+5", utc(2026, 1, 1), "UTC−5"),
        ("EST5EDT", utc(2026, 7, 1), "EDT (UTC−4)"),
    ],
)
def test_a_zone_is_named_as_people_know_it(zone, instant, expected):
    assert zone_label(zone, instant) == expected


# Quantities


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (timedelta(hours=12), "12 h"),
        (75, "1 h 15 min"),
        (timedelta(minutes=45), "45 min"),
        (timedelta(days=1, minutes=15), "24 h 15 min"),
        (0, "0 min"),
        (None, ""),
    ],
)
def test_a_length_of_time(length, expected):
    assert duration(length) == expected


@pytest.mark.parametrize(
    ("power", "expected"),
    [
        (Decimal("150.00"), "150 kW"),
        (Decimal("7.40"), "7.4 kW"),
        (22, "22 kW"),
        (3.68, "3.7 kW"),
        (Decimal(1000), "1000 kW"),
        (0, "0 kW"),
        (None, ""),
    ],
)
def test_a_power(power, expected):
    assert kw(power) == expected


def test_a_power_has_the_readers_decimal_sign():
    with translation.override("de"):
        assert kw(Decimal("7.4")) == "7,4 kW"


def test_page_numbers_leave_gaps():
    page = Paginator(range(400), 20).page(7)
    assert page_numbers(page) == [1, "…", 6, 7, 8, "…", 20]


def test_an_hour_that_comes_twice_is_told_apart_however_it_is_given():
    berlin = ZoneInfo("Europe/Berlin")
    first, second = (datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=fold) for fold in (0, 1))
    assert first == second
    assert [time_in_zone(each, berlin) for each in (first, second)] == ["02:30 CEST", "02:30 CET"]
    assert in_zone(first, berlin) != in_zone(second, berlin)
