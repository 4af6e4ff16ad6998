"""The pages about departures, as managers and viewers use them."""

import re
import uuid
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from energy.departures.actions import Weekday, mark_of, week_of
from energy.departures.passing import pass_on_departures
from energy.models import Departure, PassedOn, Telling, VehicleNow, WeeklyDeparture
from tests.energy.departures.pretend import NO
from tests.energy.factories import DepartureFactory, SessionFactory
from tests.factories import MembershipFactory, VehicleFactory

NEW_YORK = ZoneInfo("America/New_York")
pytestmark = pytest.mark.usefixtures("still")


def html(answer) -> str:
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


@pytest.fixture
def page(vehicle) -> str:
    return f"/vehicles/{vehicle.pk}/departures/"


def tomorrow():
    return timezone.now().astimezone(NEW_YORK).date() + timedelta(days=2)


def entries(**more) -> dict[str, str]:
    return {"day": f"{tomorrow():%Y-%m-%d}", "time": "06:00", "target_percent": "80", **more}


class TestOnce:
    def test_it_is_set_by_the_sites_clocks(self, as_manager, page, vehicle, manager):
        answer = as_manager.post(page + "add/", entries(distance_km="12,5"))
        assert answer.status_code == 302
        row = Departure.objects.get()
        assert f"{row.leaves_at.astimezone(NEW_YORK):%Y-%m-%d %H:%M}" == f"{tomorrow()} 06:00"
        assert (row.target_percent, row.distance_km, row.created_by) == (80, 12.5, manager)
        shown = html(as_manager.get(page))
        assert "80 %, 12 km" in shown or "80 %, 13 km" in shown
        assert "clocks at Pier 9 (America/New_York)" in shown

    def test_a_double_click_sets_one(self, as_manager, page):
        for _ in range(2):
            assert as_manager.post(page + "add/", entries()).status_code == 302
        assert Departure.objects.count() == 1

    @pytest.mark.parametrize(
        ("typed", "says"),
        [
            ({"day": "2020-01-01"}, "This time is past."),
            ({"day": ""}, "Please enter a day."),
            ({"day": "9999-12-31"}, "Please pick a day within a year."),
            ({"time": "25:00"}, "Please enter a time such as 06:00."),
            ({"target_percent": "101"}, "Please enter a whole number from 1 to 100."),
            ({"target_percent": "eighty"}, "Please enter a whole number from 1 to 100."),
            ({"distance_km": "far"}, "Enter a number."),
            ({"returns_time": "05:00"}, "It has to return after it leaves."),
            ({"returns_day": "2030-01-01"}, "Please enter a time."),
        ],
    )
    def test_what_is_wrong_stands_beside_the_field(self, as_manager, page, typed, says):
        shown = html(as_manager.post(page + "add/", entries(energy_kwh="33") | typed))
        assert says in shown
        assert 'value="33"' in shown
        assert not Departure.objects.exists()

    def test_another_one_at_that_time_is_said(self, as_manager, page, vehicle, fleet_admin):
        as_manager.post(page + "add/", entries())
        shown = html(as_manager.post(page + "add/", entries(target_percent="90")))
        assert "It already leaves at this time." in shown

    def test_without_a_home_site_the_page_says_whose_clocks(self, as_manager, fleet):
        vehicle = VehicleFactory(fleet=fleet)
        shown = html(as_manager.get(f"/vehicles/{vehicle.pk}/departures/"))
        assert "the portal’s clocks (UTC)" in shown


class TestChange:
    @pytest.fixture
    def row(self, vehicle):
        return DepartureFactory(vehicle=vehicle, leaves_at=timezone.now() + timedelta(days=3))

    def test_it_is_changed(self, as_manager, page, row, manager):
        answer = as_manager.post(f"{page}{row.pk}/", entries(version="0"))
        assert answer.status_code == 302
        row.refresh_from_db()
        assert (row.leaves_at.astimezone(NEW_YORK).hour, row.version) == (6, 1)
        assert row.changed_by == manager

    def test_the_second_of_two_reads_who_was_first(self, client, page, row, fleet):
        first = MembershipFactory(fleet=fleet, user__name="Mia Long").user
        second = MembershipFactory(fleet=fleet).user
        client.force_login(first)
        client.post(f"{page}{row.pk}/", entries(version="0"))
        client.force_login(second)
        shown = html(client.post(f"{page}{row.pk}/", entries(version="0", time="07:15")))
        assert "Mia Long has changed this since you opened the page." in shown
        assert 'value="07:15"' in shown
        assert 'name="version" value="1"' in shown

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            ({"day": "2020-01-01"}, "This time is past."),
            ({"returns_time": "05:00"}, "It has to return after it leaves."),
            ({"time": "25:00"}, "Please enter a time such as 06:00."),
        ],
    )
    def test_a_mistake_does_not_hide_who_was_first(self, client, page, row, fleet, wrong, says):
        first = MembershipFactory(fleet=fleet, user__name="Mia Long").user
        second = MembershipFactory(fleet=fleet).user
        client.force_login(first)
        client.post(f"{page}{row.pk}/", entries(version="0"))
        client.force_login(second)
        shown = html(client.post(f"{page}{row.pk}/", entries(version="0", **wrong)))
        assert says in shown
        assert 'name="version" value="0"' in shown
        shown = html(client.post(f"{page}{row.pk}/", entries(version="0", time="07:15")))
        assert "Mia Long has changed this since you opened the page." in shown

    def test_a_time_that_is_taken_does_not_hide_who_was_first(self, as_manager, page, row):
        taken = entries(time="09:00")
        as_manager.post(page + "add/", taken)
        shown = html(as_manager.post(f"{page}{row.pk}/", taken | {"version": "0"}))
        assert "It already leaves at this time." in shown
        assert 'name="version" value="0"' in shown

    def test_it_is_called_off(self, as_manager, page, row):
        answer = as_manager.post(f"{page}{row.pk}/cancel/", {"version": "0"}, follow=True)
        assert "The departure is called off." in html(answer)
        row.refresh_from_db()
        assert row.cancelled_at is not None

    def test_what_somebody_changed_is_not_called_off_unseen(self, as_manager, page, row):
        as_manager.post(f"{page}{row.pk}/", entries(version="0"))
        as_manager.post(f"{page}{row.pk}/cancel/", {"version": "0"})
        row.refresh_from_db()
        assert row.cancelled_at is None

    def test_another_vehicles_departure_is_not_found(self, as_manager, page, fleet):
        other = DepartureFactory(vehicle__fleet=fleet)
        assert as_manager.get(f"{page}{other.pk}/").status_code == 404


class TestWeek:
    def test_it_is_set(self, as_manager, page, vehicle):
        as_manager.post(page + "week/", {"leaves_0": "06:00", "target_0": "85", "seen": ",,,,,,"})
        assert week_of(vehicle)[0].target_percent == 85
        assert Departure.objects.filter(source="weekly").exists()
        assert 'value="06:00"' in html(as_manager.get(page))

    def test_a_target_wants_a_time(self, as_manager, page):
        shown = html(as_manager.post(page + "week/", {"target_3": "85", "seen": ",,,,,,"}))
        assert "Please enter a time." in shown
        assert not WeeklyDeparture.objects.exists()

    def test_the_second_of_two_reads_who_was_first(self, client, page, vehicle, fleet):
        first = MembershipFactory(fleet=fleet, user__name="Mia Long").user
        second = MembershipFactory(fleet=fleet).user
        client.force_login(first)
        client.post(page + "week/", {"leaves_0": "06:00", "seen": ",,,,,,"})
        client.force_login(second)
        shown = html(client.post(page + "week/", {"leaves_1": "07:15", "seen": ",,,,,,"}))
        assert "Mia Long has changed this since you opened the page." in shown
        assert week_of(vehicle)[1] == Weekday()
        seen = mark_of(week_of(vehicle))
        assert f'name="seen" value="{seen}"' in shown
        client.post(page + "week/", {"leaves_1": "07:15", "seen": seen})
        assert week_of(vehicle)[0] == Weekday()
        assert week_of(vehicle)[1].leaves_at is not None


class TestMany:
    def test_each_has_its_own_outcome(self, as_manager, fleet):
        good, bad, none = VehicleFactory.create_batch(3, fleet=fleet)
        day = f"{tomorrow():%Y-%m-%d}"
        data = {"vehicle": [good.pk, bad.pk, none.pk]}
        for vehicle, clock in ((good, "06:00"), (bad, "6 in the morning"), (none, "")):
            data |= {f"v{vehicle.pk}-day": day, f"v{vehicle.pk}-time": clock}
        shown = html(as_manager.post("/vehicles/departures/", data))
        assert [row.vehicle for row in Departure.objects.all()] == [good]
        assert "1 departure is set." in shown
        assert "Please enter a time such as 06:00." in shown
        assert f'name="vehicle" value="{bad.pk}"' in shown
        assert f'name="vehicle" value="{good.pk}"' not in shown

    def test_one_row_fills_in_for_all(self, as_manager, fleet):
        vehicles = VehicleFactory.create_batch(2, fleet=fleet)
        data = {"vehicle": [each.pk for each in vehicles], "all-time": "05:45", "fill": "1"}
        shown = html(as_manager.post("/vehicles/departures/", data))
        assert shown.count('value="05:45"') == 3
        assert not Departure.objects.exists()

    def test_all_are_set(self, as_manager, fleet):
        vehicles = VehicleFactory.create_batch(2, fleet=fleet)
        data = {"vehicle": [each.pk for each in vehicles]}
        for each in vehicles:
            data |= {f"v{each.pk}-day": f"{tomorrow():%Y-%m-%d}", f"v{each.pk}-time": "06:00"}
        answer = as_manager.post("/vehicles/departures/", data)
        assert answer.status_code == 302
        assert Departure.objects.count() == 2

    def test_another_fleets_vehicle_is_not_there(self, as_manager):
        other = VehicleFactory(number="Ownly van")
        shown = html(as_manager.get("/vehicles/departures/", {"vehicle": [other.pk, "x", "-1"]}))
        assert "Ownly van" not in shown

    def test_more_vehicles_cost_no_more_queries(
        self, as_manager, fleet, django_assert_max_num_queries
    ):
        vehicles = VehicleFactory.create_batch(9, fleet=fleet)
        address = "/vehicles/departures/"
        as_manager.get(address, {"vehicle": vehicles[0].pk})
        with django_assert_max_num_queries(12) as first:
            as_manager.get(address, {"vehicle": vehicles[0].pk})
        with django_assert_max_num_queries(len(first)):
            as_manager.get(address, {"vehicle": [each.pk for each in vehicles]})


class TestPassing:
    @pytest.fixture
    def row(self, vehicle, link):
        return DepartureFactory(vehicle=vehicle)

    def test_it_is_said_when_it_is_passed_on(self, as_manager, page, row, ampcontrol):
        assert "It is being passed on to Ampcontrol." in html(as_manager.get(page))
        pass_on_departures(client=ampcontrol)
        assert "Passed on to Ampcontrol, " in html(as_manager.get(page))
        detail = html(as_manager.get(f"/vehicles/{row.vehicle_id}/"))
        assert "Passed on to Ampcontrol, " in detail

    def test_switched_off_it_says_so(self, as_manager, page, row, settings):
        settings.AMPCONTROL_WRITES = []
        assert "Not passed on to Ampcontrol: this is switched off." in html(as_manager.get(page))

    def test_a_refusal_is_a_sentence(self, as_manager, page, row, ampcontrol):
        ampcontrol.fail = NO
        pass_on_departures(client=ampcontrol)
        assert "Ampcontrol refused this departure." in html(as_manager.get(page))

    def test_somebody_elses_can_be_replaced(self, as_manager, page, row, ampcontrol):
        ampcontrol.add("rv-14", departs_at=timezone.now() + timedelta(hours=2))
        pass_on_departures(client=ampcontrol)
        shown = html(as_manager.get(page))
        assert "Ampcontrol has another departure" in shown
        as_manager.post(page + "replace/", self.seen(shown))
        pass_on_departures(client=ampcontrol)
        assert PassedOn.objects.get().problem == ""

    def seen(self, shown: str) -> dict[str, str]:
        """Return what the button would send that puts ours in its place."""
        form = re.search(r'departures/replace/".*?</form>', shown, re.DOTALL)[0]
        return dict(re.findall(r'name="(seen)" value="([^"]+)"', form))

    def test_one_that_nobody_saw_is_not_replaced(self, as_manager, page, row, ampcontrol):
        now = timezone.now().replace(microsecond=0)
        ampcontrol.add("rv-14", departs_at=now + timedelta(hours=2))
        pass_on_departures(client=ampcontrol)
        old = self.seen(html(as_manager.get(page)))
        ampcontrol.add("rv-14", departs_at=now + timedelta(hours=1))
        PassedOn.objects.update(next_attempt_at=None)
        pass_on_departures(client=ampcontrol)
        assert PassedOn.objects.get().anothers_at == now + timedelta(hours=1)
        shown = html(as_manager.post(page + "replace/", old, follow=True))
        assert "This has changed meanwhile." in shown
        pass_on_departures(client=ampcontrol)
        assert ampcontrol.told == []
        as_manager.post(page + "replace/", self.seen(shown))
        pass_on_departures(client=ampcontrol)
        assert PassedOn.objects.get().problem == ""

    def test_who_only_views_changes_nothing(self, as_viewer, page, row):
        shown = html(as_viewer.get(page))
        assert "<button" not in shown.split("<main", 1)[1].split("</main", 1)[0]

    def test_without_ampcontrol_there_is_no_such_page(self, as_manager, page, row, settings):
        settings.AMPCONTROL_BASE_URL = ""
        assert as_manager.get(page).status_code == 404
        assert "departures" not in html(as_manager.get(f"/vehicles/{row.vehicle_id}/"))
        assert "Set departure" not in html(as_manager.get("/vehicles/"))

    def test_a_retired_vehicle_gets_none(self, as_manager, page, vehicle):
        vehicle.retired_at = timezone.now()
        vehicle.save()
        assert as_manager.post(page + "add/", entries()).status_code == 404
        html(as_manager.get(page))


class TestCharging:
    def test_a_state_of_charge_is_typed(self, as_manager, vehicle, link):
        address = f"/vehicles/{vehicle.pk}/state-of-charge/"
        assert "State of charge (%)" in html(as_manager.get(address))
        data = {"percent": "62,5", "key": str(uuid.uuid4())}
        shown = html(as_manager.post(address, data, follow=True))
        assert "State of charge of 62.5 %: Not sent yet." in shown
        assert VehicleNow.objects.get(vehicle=vehicle).state_of_charge == Decimal("62.5")

    @pytest.mark.parametrize("typed", ["", "101", "-1", "full"])
    def test_what_is_wrong_is_said(self, as_manager, vehicle, typed):
        data = {"percent": typed, "key": str(uuid.uuid4())}
        answer = as_manager.post(f"/vehicles/{vehicle.pk}/state-of-charge/", data)
        assert "Please enter a number from 0 to 100." in html(answer)
        assert not VehicleNow.objects.exists()

    def test_a_session_comes_first(self, as_manager, vehicle, link):
        session = SessionFactory(vehicle_remote_id="rv-14")
        shown = html(as_manager.get(f"/vehicles/{vehicle.pk}/"))
        assert "Charge this one first" in shown
        data = {"session": session.remote_id, "key": str(uuid.uuid4())}
        as_manager.post(f"/vehicles/{vehicle.pk}/charge-first/", data)
        as_manager.post(f"/vehicles/{vehicle.pk}/charge-first/", data)
        assert Telling.objects.get().facts["priority"] == 1

    def test_another_vehicles_session_is_let_be(self, as_manager, vehicle, link):
        session = SessionFactory(vehicle_remote_id="rv-15")
        data = {"session": session.remote_id, "key": str(uuid.uuid4())}
        as_manager.post(f"/vehicles/{vehicle.pk}/charge-first/", data)
        assert not Telling.objects.exists()
