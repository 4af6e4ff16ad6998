"""Which fleet, vehicle and cost centre a session is mirrored for: what is not certain is empty."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils.timezone import now

from charging.models import CostCentre, MonthChange, Session
from drivers.models import Driver, FleetDriver, IdTag
from drivers.sync import sync_fleet_drivers
from energy.models import Link, RemoteTag
from sandbox.world.cast import ANA, BOTH
from sandbox.world.walk_ins import ROAMING_EVSE
from sites.models import ChargePoint, Location
from tests.charging.mirroring.conftest import correct, mirrored_session
from tests.energy.factories import RemoteConnectorFactory
from tests.energy.factories import SessionFactory as SeenFactory
from tests.factories import FleetFactory, VehicleFactory

DAY = timedelta(days=1)


def link(kind: str, remote_id: str, **ours) -> Link:
    """Link a record of Ampcontrol to one of ours."""
    return Link.objects.create(kind=kind, remote_id=remote_id, state=Link.State.CONFIRMED, **ours)


@pytest.fixture
def both_fleets(mirrored, fleet, other_fleet, ampeco_client):
    """The drivers of both fleets are mirrored; one drives for both."""
    sync_fleet_drivers(other_fleet, client=ampeco_client)
    return fleet, other_fleet


class TestFleet:
    def test_of_a_driver_of_one_fleet(self, charged, sync, fleet):
        pk = charged()
        sync()
        session = mirrored_session(pk)
        assert (session.fleet, session.driver.ampeco_user_id) == (fleet, ANA.id)
        assert (session.evse.ampeco_id, session.location.ampeco_id) == (301, 101)
        assert session.booking is None

    def test_of_its_booking(self, follow, operator, sync, both_fleets):
        """Whatever else the driver drives for."""
        _, other_fleet = both_fleets
        driver = Driver.objects.get(ampeco_user_id=BOTH.id)
        start = operator.clock.now() - timedelta(hours=5)
        booking = follow(start, fleet=other_fleet, driver=driver, status="completed")
        theirs = operator.bookings[booking.ampeco_booking_id]
        theirs.user_id = BOTH.id
        session = operator.start_session(theirs)
        sync()
        assert mirrored_session(session.id).fleet == other_fleet
        assert mirrored_session(session.id).booking == booking

    def test_of_a_driver_of_two_is_left_out_where_nothing_tells(self, charged, sync, both_fleets):
        charged(user_id=BOTH.id)
        run = sync()
        assert not Session.objects.exists()
        assert "several fleets" in run.problem

    def test_of_a_driver_of_two_is_that_of_the_charger(self, charged, sync, both_fleets):
        _, other_fleet = both_fleets
        ChargePoint.objects.update(ampeco_partner_id=other_fleet.ampeco_partner_id)
        pk = charged(user_id=BOTH.id)
        sync()
        assert mirrored_session(pk).fleet == other_fleet

    def test_of_a_driver_of_two_is_that_of_the_vehicle(self, charged, sync, both_fleets):
        _, other_fleet = both_fleets
        driver = Driver.objects.get(ampeco_user_id=BOTH.id)
        vehicle = VehicleFactory(fleet=other_fleet, usual_driver=driver)
        pk = charged(user_id=BOTH.id)
        sync()
        assert mirrored_session(pk).fleet == other_fleet
        assert mirrored_session(pk).vehicle == vehicle

    def test_what_somebody_charges_after_leaving_is_none_of_its_business(
        self, charged, sync, fleet
    ):
        kept = charged(now() - 5 * DAY)
        left = FleetDriver.objects.filter(fleet=fleet, driver__ampeco_user_id=ANA.id)
        left.update(left_at=now() - 3 * DAY)
        charged(now() - DAY)
        sync()
        assert [one.ampeco_id for one in Session.objects.all()] == [str(kept)]

    def test_nor_what_was_before_somebody_came(self, charged, sync, fleet):
        type(fleet).objects.filter(pk=fleet.pk).update(created_at=now() - 100 * DAY)
        came = FleetDriver.objects.filter(fleet=fleet, driver__ampeco_user_id=ANA.id)
        came.update(added_at=now() - 10 * DAY)
        charged(now() - 20 * DAY)
        kept = charged(now() - 5 * DAY)
        sync()
        assert [one.ampeco_id for one in Session.objects.all()] == [str(kept)]

    def test_nor_what_was_before_somebody_came_back(self, charged, sync, fleet, ampeco_client):
        type(fleet).objects.filter(pk=fleet.pk).update(created_at=now() - 100 * DAY)
        left = FleetDriver.objects.filter(fleet=fleet, driver__ampeco_user_id=ANA.id)
        left.update(added_at=now() - 90 * DAY, left_at=now() - 40 * DAY)
        charged(now() - 20 * DAY)
        sync_fleet_drivers(fleet, client=ampeco_client)
        kept = charged(now() - timedelta(hours=3))
        sync()
        assert [one.ampeco_id for one in Session.objects.all()] == [str(kept)]

    def test_stays_where_it_is(self, charged, sync, operator, both_fleets, fleet):
        """Even when the driver belongs to another one by now."""
        pk = charged()
        sync()
        FleetDriver.objects.filter(fleet=fleet).delete()
        correct(operator, pk, amount="3.00")
        sync()
        assert str(mirrored_session(pk).amount) == "3.0000"
        assert mirrored_session(pk).fleet == fleet

    def test_erased_drivers_leave_no_card(self, charged, sync, operator):
        pk = charged()
        operator.id_tags.clear()
        sync()
        driver = Driver.objects.filter(ampeco_user_id=ANA.id)
        driver.update(email="", first_name="", last_name="")
        from sandbox.world.belongings import add_id_tags

        add_id_tags(operator)
        correct(operator, pk, amount="3.00")
        sync()
        assert mirrored_session(pk).id_tag_end == ""
        assert str(mirrored_session(pk).amount) == "3.0000"


class TestVehicle:
    @pytest.fixture
    def driver(self, mirrored):
        return Driver.objects.get(ampeco_user_id=ANA.id)

    def test_of_the_booking(self, follow, operator, sync, fleet, driver):
        usual = VehicleFactory(fleet=fleet, usual_driver=driver)
        booked = VehicleFactory(fleet=fleet)
        start = operator.clock.now() - timedelta(hours=5)
        booking = follow(start, status="completed", vehicle=booked)
        session = operator.start_session(operator.bookings[booking.ampeco_booking_id])
        sync()
        assert mirrored_session(session.id).vehicle == booked != usual

    def test_the_only_one_that_the_driver_usually_drives(self, charged, sync, fleet, driver):
        vehicle = VehicleFactory(fleet=fleet, usual_driver=driver)
        pk = charged()
        sync()
        assert mirrored_session(pk).vehicle == vehicle

    def test_none_where_there_are_several(self, charged, sync, fleet, driver):
        VehicleFactory.create_batch(2, fleet=fleet, usual_driver=driver)
        pk = charged()
        sync()
        assert mirrored_session(pk).vehicle is None

    def test_whose_card_it_was(self, charged, sync, fleet, driver, operator):
        from sandbox.world.belongings import add_id_tags

        add_id_tags(operator)
        uid = operator.tags_of(ANA.id)[0].uid
        driver.id_tags.all().delete()
        tag = IdTag.objects.create(
            driver=driver, ampeco_id=1, type="rfid", status="enabled", last_digits=uid[-4:]
        )
        vehicle = VehicleFactory(fleet=fleet)
        VehicleFactory(fleet=fleet, usual_driver=driver)
        RemoteTag.objects.create(remote_id="card", vehicle_remote_id="van", read_at=now())
        link(Link.Kind.VEHICLE, "van", vehicle=vehicle)
        link(Link.Kind.TAG, "card", tag=tag)
        pk = charged()
        sync()
        session = mirrored_session(pk)
        assert session.id_tag_end == uid[-4:]
        assert session.vehicle == vehicle

    def test_what_stood_at_the_same_plug(self, charged, sync, fleet, evse):
        start = (now() - 3 * DAY).replace(microsecond=0)
        vehicle = VehicleFactory(fleet=fleet)
        plug = RemoteConnectorFactory()
        SeenFactory(
            started_at=start + timedelta(minutes=1),
            vehicle_remote_id="van",
            connector_remote_id=plug.remote_id,
        )
        link(Link.Kind.VEHICLE, "van", vehicle=vehicle)
        link(Link.Kind.CONNECTOR, plug.remote_id, evse=evse)
        pk = charged(start)
        other = charged(start + timedelta(hours=3))
        sync()
        assert mirrored_session(pk).vehicle == vehicle
        assert mirrored_session(other).vehicle is None

    def test_stays_what_it_was(self, charged, sync, fleet, driver, operator):
        """Whatever the driver usually drives by then."""
        first = VehicleFactory(fleet=fleet, usual_driver=driver)
        pk = charged()
        sync()
        type(first).objects.update(usual_driver=None)
        VehicleFactory(fleet=fleet, usual_driver=driver)
        correct(operator, pk, amount="3.00")
        sync()
        assert mirrored_session(pk).vehicle == first

    def test_by_hand_stays(self, charged, sync, fleet, driver, operator):
        VehicleFactory(fleet=fleet, usual_driver=driver)
        said = VehicleFactory(fleet=fleet)
        centre = CostCentre.objects.create(fleet=fleet, code="by hand")
        pk = charged()
        sync()
        Session.objects.update(vehicle=said, cost_centre=centre, assigned_by_hand=True)
        correct(operator, pk, amount="3.00")
        sync()
        session = mirrored_session(pk)
        assert str(session.amount) == "3.0000"
        assert (session.vehicle, session.cost_centre) == (said, centre)
        assert session.assigned_by_hand

    def test_reference_stays(self, charged, sync, operator):
        pk = charged()
        sync()
        Session.objects.update(reference="Tour 7")
        correct(operator, pk, amount="3.00")
        sync()
        assert mirrored_session(pk).reference == "Tour 7"


class TestCostCentre:
    def test_the_one_whose_code_the_vehicle_has(self, charged, sync, fleet, mirrored):
        driver = Driver.objects.get(ampeco_user_id=ANA.id)
        VehicleFactory(fleet=fleet, usual_driver=driver, cost_centre=" cc-7 ")
        centre = CostCentre.objects.create(fleet=fleet, code="CC-7")
        CostCentre.objects.create(fleet=FleetFactory(), code="CC-7")
        pk = charged()
        sync()
        assert mirrored_session(pk).cost_centre == centre

    @pytest.mark.parametrize("retired", [True, False])
    def test_none_where_there_is_no_such(self, charged, sync, fleet, mirrored, retired):
        driver = Driver.objects.get(ampeco_user_id=ANA.id)
        VehicleFactory(fleet=fleet, usual_driver=driver, cost_centre="CC-7")
        if retired:
            CostCentre.objects.create(fleet=fleet, code="CC-7", retired_at=now())
        pk = charged()
        sync()
        assert mirrored_session(pk).cost_centre is None
        assert CostCentre.objects.count() == int(retired)


class TestDay:
    @pytest.mark.parametrize(
        "zone", ["America/New_York", "Australia/Adelaide", "Pacific/Kiritimati"]
    )
    def test_is_that_of_the_sites_clock(self, charged, sync, fleet, mirrored, zone):
        """Also where that lies in another month than in UTC."""
        Location.objects.update(timezone=zone)
        first = now().date().replace(day=1)
        midnight = datetime.combine(first, time(), ZoneInfo(zone)).astimezone(UTC)
        before = charged(midnight - timedelta(minutes=5) - 40 * DAY)
        after = charged(midnight - timedelta(minutes=5))
        sync()
        session = mirrored_session(after)
        assert session.local_day == first - DAY
        months = set(MonthChange.objects.values_list("month", flat=True))
        assert (first - DAY).replace(day=1) in months
        assert mirrored_session(before).local_day < session.local_day

    def test_at_another_operators_is_that_of_the_portal(self, operator, charged, sync, settings):
        settings.DEFAULT_TIMEZONE = "Pacific/Kiritimati"
        noon = (now() - 5 * DAY).replace(hour=12, minute=0, second=0, microsecond=0)
        pk = charged(noon)
        operator.sessions[pk].evse_id = ROAMING_EVSE
        operator.sessions[pk].charge_point_id = 99_001
        operator.sessions[pk].cpo = "DE*ELS"
        sync()
        session = mirrored_session(pk)
        assert (session.evse, session.location) == (None, None)
        assert session.local_day == noon.date() + DAY
