"""The page of a fleet's rules, and the back office's: what may be set, by whom, what is said."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from limits.models import Limit
from limits.reading import rules_of
from privacy.models import AuditEntry
from tests.factories import EvseFactory, LimitFactory

pytestmark = pytest.mark.django_db
RULES = "/rules/"


@pytest.fixture
def as_admin(client, fleet_admin):
    client.force_login(fleet_admin)
    return client


@pytest.fixture
def site(db):
    return EvseFactory(label="A-1").charge_point.location


def add(client, **fields):
    return client.post(f"{RULES}add/", fields)


def test_an_admin_adds_a_rule_and_takes_it_back(as_admin, fleet, fleet_admin):
    assert add(as_admin, kind="at-a-time", most="5", note="Depot is small").status_code == 302
    limit = Limit.objects.get()
    assert (limit.fleet, limit.by_fleet, limit.created_by) == (fleet, True, fleet_admin)
    page = as_admin.get(RULES).content.decode()
    assert "At most 5 bookings at the same time. (Depot is small)" in page
    as_admin.post(f"{RULES}{limit.pk}/remove/")
    assert not Limit.objects.exists()


def test_a_window_and_a_blackout_by_the_sites_clocks(as_admin, site):
    add(as_admin, kind="window", weekdays=["0", "4"], begins="18:00", ends="06:00")
    assert "Mon Fri 18:00–06:00" in as_admin.get(RULES).content.decode()
    day = (now() + timedelta(days=400)).date().replace(month=1, day=15)
    times = {"start_at": f"{day}T08:00", "end_at": f"{day}T12:00"}
    add(as_admin, kind="blackout", site=site.pk, **times)
    limit = Limit.objects.get(kind="blackout")
    # New York in winter.
    assert limit.start_at == datetime(day.year, 1, 15, 13, tzinfo=UTC)
    assert limit.location == site
    assert "08:00–12:00" in as_admin.get(RULES).content.decode()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "at-a-time"}, "Please enter a number."),
        ({"kind": "per-day", "most": "1.5"}, "whole number of bookings"),
        ({"kind": "longest", "most": "1.3"}, "hours in quarters"),
        ({"kind": "longest", "most": "0"}, "more than 0 hours"),
        ({"kind": "hours-per-day", "most": "-1"}, "greater than or equal to 0"),
        ({"kind": "notice", "most": "x"}, "Enter a number."),
        ({"kind": "window", "begins": "18:00", "ends": "06:00"}, "at least one day"),
        ({"kind": "window", "weekdays": "1", "begins": "25:00", "ends": "1"}, "Enter a valid time"),
        ({"kind": "blackout"}, "Please enter a day and a time."),
        ({"kind": "blackout", "start_at": "x", "end_at": "y"}, "Enter a valid date/time."),
    ],
)
def test_what_makes_no_sense_is_said_beside_it_and_kept(as_admin, site, fields, words):
    answer = add(as_admin, site=site.pk, note="Typed", **fields)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert words in page
    assert 'value="Typed"' in page
    assert not Limit.objects.exists()


def test_a_blackout_ends_after_it_begins_and_names_no_hour_that_is_skipped(as_admin, site):
    times = {"start_at": "2030-03-10T02:30", "end_at": "2030-03-10T01:00"}
    page = add(as_admin, kind="blackout", site=site.pk, **times).content.decode()
    assert "The clocks skip this time on that day." in page
    times["start_at"] = "2030-03-10T01:30"
    page = add(as_admin, kind="blackout", site=site.pk, **times).content.decode()
    assert "The end must be after the start." in page


@pytest.mark.parametrize(("kind", "same", "less"), [("at-a-time", 5, 4), ("notice", 2, 3)])
def test_a_fleets_own_rule_can_only_be_stricter(as_admin, fleet, kind, same, less):
    LimitFactory(fleet=fleet, kind=kind, most=same)
    assert (
        "allows no more than that already" in add(as_admin, kind=kind, most=same).content.decode()
    )
    assert add(as_admin, kind=kind, most=less).status_code == 302


def test_chargers_of_another_site_and_sites_of_others_are_none(as_admin, site):
    other = EvseFactory()
    answer = add(as_admin, kind="at-a-time", most="1", site=site.pk, evses=[other.pk])
    assert "is not one of the available choices" in answer.content.decode()
    assert add(as_admin, kind="at-a-time", most="1", site="999999").status_code == 404
    assert add(as_admin, kind="at-a-time", most="1", site="x").status_code == 404
    assert add(as_admin, kind="nonsense", most="1").status_code == 404


def test_nobody_takes_back_what_the_operator_or_another_fleet_has_set(as_admin, fleet, other_fleet):
    for limit in (LimitFactory(fleet=fleet), LimitFactory(fleet=other_fleet, by_fleet=True)):
        assert as_admin.post(f"{RULES}{limit.pk}/remove/").status_code == 404
    assert Limit.objects.count() == 2


def test_hours_are_understood_with_a_comma_too(as_admin, fleet):
    as_admin.post("/rules/add/", {"kind": "longest", "most": "1,5"})
    assert fleet.limits.get().most == Decimal("1.5")


def test_a_manager_reads_the_rules_and_sets_none(as_manager, fleet):
    LimitFactory(fleet=fleet, kind="longest", most=4)
    page = as_manager.get(RULES).content.decode()
    assert "A booking may last at most 4 h." in page
    assert "Drivers may not end or extend their booking." in page
    assert "add-rule" not in page


def test_an_admin_lets_drivers_help_themselves(as_admin, fleet, fleet_admin):
    as_admin.post(f"{RULES}drivers/", {"move": "on", "start": "on"})
    fleet.refresh_from_db()
    assert (fleet.drivers_may_change_end, fleet.drivers_may_move) == (False, True)
    assert fleet.drivers_may_start
    entry = AuditEntry.objects.get(object_type="drivers.fleet")
    assert (entry.actor, entry.user_id) == ("fleet", fleet_admin.pk)
    assert entry.changes == {
        "drivers_may_move": [False, True],
        "drivers_may_start": [False, True],
    }


def test_a_stale_form_of_what_drivers_may_undoes_nothing(as_admin, fleet):
    opened = as_admin.get(RULES).context["drivers_form"]
    type(fleet).objects.filter(pk=fleet.pk).update(drivers_may_move=True)
    mine = {"start": "on", "seen": opened["seen"].value()}
    answer = as_admin.post(f"{RULES}drivers/", mine)
    assert "Somebody else has changed this" in answer.content.decode()
    fleet.refresh_from_db()
    assert (fleet.drivers_may_move, fleet.drivers_may_start) == (True, False)
    form = answer.context["drivers_form"]
    assert (form["start"].value(), form["move"].value()) == (True, False)
    # Whoever knows may do so.
    as_admin.post(f"{RULES}drivers/", mine | {"seen": form["seen"].value()})
    fleet.refresh_from_db()
    assert (fleet.drivers_may_move, fleet.drivers_may_start) == (False, True)


def test_what_a_fleet_sets_for_itself_stands_in_the_trail(as_admin, staff, fleet_admin):
    add(as_admin, kind="at-a-time", most="5")
    limit = Limit.objects.get()
    as_admin.post(f"{RULES}{limit.pk}/remove/")
    entries = AuditEntry.objects.filter(object_type="limits.limit", object_id=str(limit.pk))
    told = [(entry.action, entry.actor, entry.user_id) for entry in entries.order_by("pk")]
    assert told == [(what, "fleet", fleet_admin.pk) for what in ("added", "deleted")]
    at_the_operators = Client()
    at_the_operators.force_login(staff)
    address = reverse("admin:privacy_auditentry_changelist")
    page = at_the_operators.get(address, {"actor": "fleet"})
    assert fleet_admin.email in page.content.decode()


def test_what_is_remembered_of_rules_is_forgotten_when_one_changes(
    fleet, django_assert_num_queries, django_capture_on_commit_callbacks
):
    assert rules_of(fleet) == ()
    with django_assert_num_queries(0):
        assert rules_of(fleet) == ()
    with django_capture_on_commit_callbacks(execute=True):
        limit = LimitFactory(fleet=fleet, most=3)
    assert rules_of(fleet)[0].number == 3
    limit.delete()
    assert rules_of(fleet) == ()
    cache.clear()
    with django_assert_num_queries(1):
        rules_of(fleet)


# The back office


@pytest.fixture
def as_staff(client, staff):
    client.force_login(staff)
    return client


def in_back_office(client, **fields):
    return client.post(reverse("admin:limits_limit_add"), fields)


def test_staff_set_a_rule_and_the_trail_has_it(as_staff, fleet, site, staff):
    evse = site.charge_points.get().evses.get()
    answer = in_back_office(
        as_staff, kind="at-a-time", fleet=fleet.pk, most="5", location=site.pk, evses=[evse.pk]
    )
    assert answer.status_code == 302
    limit = Limit.objects.get()
    assert (limit.by_fleet, limit.created_by, list(limit.evses.all())) == (False, staff, [evse])
    entry = AuditEntry.objects.filter(object_type="limits.limit", action="added").get()
    assert entry.changes["kind"] == [None, "at-a-time"]
    page = as_staff.get(reverse("admin:limits_limit_changelist")).content.decode()
    assert f"{site.name}, {evse.name}: At most 5 bookings at the same time." in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "per-day", "most": "2.5"}, "whole number of bookings"),
        ({"kind": "window"}, "Please pick at least one day."),
        ({"kind": "blackout"}, "Please pick the site where nothing can be booked."),
    ],
)
def test_staff_are_told_what_a_rule_lacks(as_staff, fields, words):
    answer = in_back_office(as_staff, **fields)
    assert answer.status_code == 200
    assert words in answer.content.decode()


def test_chargers_of_a_rule_stand_at_its_site(as_staff, site):
    other = EvseFactory()
    fields = {"kind": "per-day", "most": "2", "evses": [other.pk]}
    assert "the site of these chargers" in in_back_office(as_staff, **fields).content.decode()
    answer = in_back_office(as_staff, location=site.pk, **fields)
    assert "must stand at its site" in answer.content.decode()


def test_a_fleets_own_rule_stays_that_fleets(as_staff, fleet, other_fleet):
    limit = LimitFactory(fleet=fleet, by_fleet=True, kind="per-day", most=5)
    page = reverse("admin:limits_limit_change", args=[limit.pk])
    for wanted in ("", str(other_fleet.pk)):
        fields = {"kind": "per-day", "most": "3", "fleet": wanted, "note": "Less"}
        assert as_staff.post(page, fields).status_code == 302
        limit.refresh_from_db()
        assert (limit.fleet, limit.most, limit.note) == (fleet, 3, "Less")
