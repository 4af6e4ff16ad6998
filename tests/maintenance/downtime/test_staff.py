"""Planned downtime in the back office: the form, which bookings it hits, asking, ending."""

import html
import re

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils.timezone import now

from maintenance.models import Downtime, DowntimeChange, DowntimeNotice
from maintenance.pages.downtime_form import DowntimeForm
from maintenance.sending import send_changes
from privacy.models import AuditEntry
from tests.factories import (
    BookingFactory,
    DowntimeFactory,
    EvseFactory,
    LocationFactory,
    UserFactory,
    next_noon,
)
from tests.maintenance.downtime.conftest import HOUR

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(evse):
    return evse.charge_point.location


@pytest.fixture
def reason(sync):
    sync()
    return DowntimeNotice.objects.get(notice="Yearly inspection")


@pytest.fixture
def add_url():
    return reverse("admin:maintenance_downtime_add")


@pytest.fixture
def as_staff(client, staff):
    client.force_login(staff)
    return client


@pytest.fixture
def typed(site, evse, reason):
    """What staff fill in: the first charger around next noon, by the clocks of the site."""

    def typed(**changes):
        start = (next_noon() - HOUR).astimezone(site.zone)
        end = (next_noon() + 2 * HOUR).astimezone(site.zone)
        values = {
            "site": site.pk,
            "notice": reason.pk,
            "first_day": f"{start:%Y-%m-%d}",
            "begins": f"{start:%H:%M}",
            "last_day": f"{end:%Y-%m-%d}",
            "ends": f"{end:%H:%M}",
            "places": [f"e{evse.pk}"],
        }
        return values | changes

    return typed


def hidden(response) -> dict[str, list[str]]:
    """Return what the page before confirming sends with it."""
    form = response.content.decode().partition('id="downtime-confirm"')[2]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form):
        if name not in {"csrfmiddlewaretoken", "confirm", "back"}:
            found.setdefault(name, []).append(html.unescape(value))
    return found


def page_of(response) -> str:
    return html.unescape(response.content.decode())


def test_first_the_site_is_picked(as_staff, add_url, site):
    page = as_staff.get(add_url, {"q": "pier"})
    assert f"?site={site.pk}" in page.content.decode()
    assert "No site fits" in page_of(as_staff.get(add_url, {"q": "nowhere"}))
    form = page_of(as_staff.get(add_url, {"site": site.pk}))
    assert "America/New_York" in form and "Bay 301" in form and "CP-1 (all of it)" in form


def test_what_it_hits_is_said_before_anything_is_asked(
    as_staff, add_url, typed, confirmed, other_fleet, evse, wire
):
    theirs = BookingFactory(
        fleet=other_fleet, evse=evse, start_at=confirmed.start_at + HOUR, accepted=True
    )
    beside = BookingFactory(evse=evse, start_at=confirmed.start_at + 5 * HOUR, accepted=True)
    response = as_staff.post(add_url, typed())
    page = page_of(response)
    assert "2 bookings are hit" in page and "of 2 fleets" in page
    assert f"#{confirmed.pk}<" in page and f"#{theirs.pk}<" in page
    assert f"#{beside.pk}<" not in page
    assert "Hudson Parcel Fleet" in page and "Rhône Fret" in page
    assert "Nothing has been asked of the operator yet." in page
    assert not DowntimeChange.objects.exists()

    confirmed_page = as_staff.post(add_url, hidden(response) | {"confirm": "1"})
    assert confirmed_page.url == reverse("admin:maintenance_downtimechange_changelist")
    row = DowntimeChange.objects.get()
    assert (row.state, row.evse, row.notice) == ("queued", evse, "Yearly inspection")
    assert (row.start_at, row.end_at) == (next_noon() - HOUR, next_noon() + 2 * HOUR)
    listed = page_of(as_staff.get(confirmed_page.url))
    assert "On its way" in listed


def test_confirmed_twice_is_asked_once(as_staff, add_url, typed):
    sent = hidden(as_staff.post(add_url, typed())) | {"confirm": "1"}
    as_staff.post(add_url, sent)
    as_staff.post(add_url, sent)
    assert DowntimeChange.objects.count() == 1


def test_who_saw_other_bookings_looks_once_more(as_staff, add_url, typed, evse):
    sent = hidden(as_staff.post(add_url, typed())) | {"confirm": "1"}
    BookingFactory(evse=evse, start_at=next_noon(), accepted=True)
    page = page_of(as_staff.post(add_url, sent))
    assert "have changed meanwhile" in page and "1 booking is hit" in page
    assert not DowntimeChange.objects.exists()


def test_what_was_never_shown_is_not_asked(as_staff, add_url, typed):
    as_staff.post(add_url, typed(seen="guessed", confirm="1"))
    assert not DowntimeChange.objects.exists()


def test_one_may_go_back_and_change_it(as_staff, add_url, typed):
    page = page_of(as_staff.post(add_url, hidden(as_staff.post(add_url, typed())) | {"back": "1"}))
    assert 'id="downtime-form"' in page and "checked" in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"places": []}, "Please pick at least one charge point or charger."),
        ({"last_day": "2020-01-01"}, "The end must be after the start."),
        ({"places": ["e999999"]}, "is not one of the available choices"),
        ({"notice": "999999"}, "Select a valid choice"),
        ({"begins": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_stands_beside_its_field(as_staff, add_url, typed, changes, said):
    assert said in page_of(as_staff.post(add_url, typed(**changes)))
    assert not DowntimeChange.objects.exists()


def test_without_reasons_it_says_what_is_missing(as_staff, add_url, site):
    assert "has told no reasons" in page_of(as_staff.get(add_url, {"site": site.pk}))


def test_a_charger_is_not_asked_for_besides_its_charge_point(as_staff, add_url, typed, evse):
    both = typed(places=[f"e{evse.pk}", f"p{evse.charge_point_id}"])
    as_staff.post(add_url, hidden(as_staff.post(add_url, both)) | {"confirm": "1"})
    assert [row.of for row in DowntimeChange.objects.all()] == ["charge-point"]


def test_it_stands_in_the_audit_trail(as_staff, staff, add_url, typed):
    as_staff.post(add_url, hidden(as_staff.post(add_url, typed())) | {"confirm": "1"})
    entry = AuditEntry.objects.get(object_type="maintenance.downtimechange", action="added")
    assert (entry.user, entry.actor) == (staff, "staff")


class TestEnding:
    def test_says_what_it_had_hit_and_asks(
        self, as_staff, plan, sync, confirmed, ampeco_client, operator
    ):
        plan()
        sync()
        row = Downtime.objects.get()
        listed = page_of(as_staff.get(reverse("admin:maintenance_downtime_changelist")))
        url = reverse("admin:maintenance_downtime_end", args=[row.pk])
        assert "Take it back" in listed and url in listed
        page = page_of(as_staff.get(url))
        assert "It has not begun." in page and f"#{confirmed.pk}<" in page
        assert operator.downtimes
        as_staff.post(url)
        send_changes(client=ampeco_client)
        assert not operator.downtimes
        assert as_staff.get(url).status_code == 404

    def test_one_that_runs(self, as_staff, evse):
        row = DowntimeFactory(evse=evse, start_at=now() - HOUR)
        url = reverse("admin:maintenance_downtime_end", args=[row.pk])
        assert "End it now" in page_of(as_staff.get(url))
        as_staff.post(url)
        as_staff.post(url)
        assert [row.kind for row in DowntimeChange.objects.all()] == ["end"]


class TestWithoutTheRight:
    @pytest.fixture
    def only(self, client):
        """Sign staff in who may do only so much."""

        def only(*rights):
            person = UserFactory(is_staff=True)
            person.user_permissions.set(Permission.objects.filter(codename__in=rights))
            client.force_login(person)
            return client

        return only

    def test_who_may_only_look_sees_no_buttons(self, only, add_url, typed, evse):
        row = DowntimeFactory(evse=evse)
        sent = typed()
        client = only("view_downtime")
        listed = client.get(reverse("admin:maintenance_downtime_changelist"))
        end = reverse("admin:maintenance_downtime_end", args=[row.pk])
        assert add_url not in listed.content.decode()
        assert end not in listed.content.decode()
        answers = [
            client.get(add_url),
            client.post(add_url, sent),
            client.get(end),
            client.post(end),
        ]
        assert [answer.status_code for answer in answers] == [403] * 4
        assert not DowntimeChange.objects.exists()

    def test_who_may_plan_may_not_end(self, only, add_url, evse, site):
        row = DowntimeFactory(evse=evse)
        client = only("view_downtime", "add_downtime")
        assert client.get(add_url, {"site": site.pk}).status_code == 200
        end = reverse("admin:maintenance_downtime_end", args=[row.pk])
        assert client.post(end).status_code == 403

    def test_managers_of_fleets_never(self, as_manager, add_url):
        assert as_manager.get(add_url).status_code == 302
        assert "login" in as_manager.get(add_url).url


class TestClocks:
    """Days on which the clocks of New York change."""

    @pytest.fixture
    def form(self, db):
        place = LocationFactory(timezone="America/New_York")
        evse = EvseFactory(charge_point__location=place)
        notice = DowntimeNotice.objects.create(
            ampeco_id=1, type="exempt", notice="Work", synced_at=now()
        )

        def form(first: str, last: str, **more):
            (first_day, begins), (last_day, ends) = first.split(), last.split()
            data = {
                "notice": notice.pk,
                "first_day": first_day,
                "begins": begins,
                "last_day": last_day,
                "ends": ends,
                "places": [f"p{evse.charge_point_id}"],
            }
            return DowntimeForm(data | more, location=place)

        return form

    @pytest.mark.parametrize(
        ("first", "last", "hours"),
        [
            ("2027-03-14 00:00", "2027-03-14 06:00", 5),
            ("2027-11-07 00:00", "2027-11-07 06:00", 7),
            ("2027-06-01 00:00", "2027-06-01 06:00", 6),
        ],
    )
    def test_lasts_as_long_as_it_does(self, form, first, last, hours):
        form = form(first, last)
        assert form.is_valid(), form.errors
        data = form.cleaned_data
        assert data["end_at"] - data["start_at"] == hours * HOUR

    def test_a_time_that_is_skipped_is_none(self, form):
        form = form("2027-03-14 02:30", "2027-03-14 06:00")
        assert "no 02:30 on this day" in str(form.errors["begins"])

    @pytest.mark.parametrize(("twice", "hours"), [("first", 6), ("second", 5)])
    def test_a_time_that_comes_twice(self, form, twice, hours):
        form = form("2027-11-07 01:30", "2027-11-07 06:30", twice=twice)
        assert form.is_valid(), form.errors
        data = form.cleaned_data
        assert data["end_at"] - data["start_at"] == hours * HOUR
