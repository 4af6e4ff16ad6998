"""The ways into a table."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils.timezone import now

from batches.models import Batch
from batches.pages.forms import tonight
from bookings.models import Booking
from shell.formats import instant
from sites.models import Evse
from tests.factories import BookingFactory, next_noon
from vehicles.models import Vehicle

pytestmark = pytest.mark.django_db


def night(site) -> dict[str, str]:
    """A night that lies ahead at the site, as the form takes it."""
    day = (now() + timedelta(days=2)).astimezone(site.zone).date()
    return {"day": day.isoformat(), "begin": "18:00", "end": "06:00"}


def many(site) -> str:
    return f"/bookings/tables/site/{site.pk}/"


def test_so_many_vehicles_get_chargers_that_fit_and_their_usual_drivers(
    as_manager, site, van, driver
):
    at_home = van(number="2", home_site=site, usual_driver=driver)
    other = van(number="1", plugs=["j1772"], dc_kw=0)
    page = as_manager.get(many(site)).content.decode()
    assert "tonight" not in page
    assert 'value="18:00' in page or "value" in page
    answer = as_manager.post(many(site), {"number": "2", **night(site)}, follow=True)
    batch = Batch.objects.get()
    assert answer.redirect_chain[-1][0] == f"/bookings/tables/{batch.pk}/"
    first, second = batch.rows.all()
    assert (first.vehicle, first.driver, first.evse.ampeco_id) == (at_home, driver, 301)
    assert (second.vehicle, second.evse.ampeco_id) == (other, 302)
    assert (first.end_at - first.start_at) >= timedelta(hours=11)
    page = answer.content.decode()
    assert "Ask for 1 booking" in page
    assert "1 without a driver" in page


def test_vehicles_that_fit_no_charger_there_come_last_with_why(as_manager, site, van):
    van(number="1", plugs=["chademo"], home_site=site)
    fits = van(number="2", plugs=["j1772"], dc_kw=0)
    page = as_manager.get(many(site)).content.decode()
    ticks = re.findall(
        r'<label class="form-check( is-misfit)?" for="id_vehicles_.*?check-label">([^<]*)<', page
    )
    assert [(bool(greyed), name.split(":")[0]) for greyed, name in ticks] == [
        (False, fits.name),
        (True, Vehicle.objects.get(number="1").name),
    ]
    assert "the vehicle takes CHAdeMO" in ticks[1][1]


def test_vehicles_with_a_booking_then_are_not_among_so_many(as_manager, site, van, driver, evse):
    busy, idle = van(home_site=site, usual_driver=driver), van(usual_driver=driver)
    form = night(site)
    start = datetime.combine(date.fromisoformat(form["day"]), time(20), site.zone)
    BookingFactory(
        accepted=True,
        fleet=busy.fleet,
        driver=driver,
        vehicle=busy,
        evse=evse,
        start_at=start.astimezone(UTC),
    )
    as_manager.post(many(site), {"number": "1", **form})
    assert Batch.objects.get().rows.get().vehicle == idle


def test_what_is_wrong_is_said_beside_the_field_and_what_was_typed_stays(as_manager, site, van):
    van()
    form = {"day": "2027-02-30", "begin": "18:00", "end": "", "reference": "Tour 7"}
    page = as_manager.post(many(site), form).content.decode()
    assert "This date is not valid." in page
    assert "Please give a time." in page
    assert "Tour 7" in page
    page = as_manager.post(many(site), night(site)).content.decode()
    assert "Please say how many vehicles, or tick some." in page
    assert not Batch.objects.exists()


def test_ticked_vehicles_lead_to_their_home(as_manager, site, van):
    one, other = van(home_site=site), van(home_site=site)
    ticked = f"?vehicle={one.pk}&vehicle={other.pk}"
    answer = as_manager.get(f"/bookings/tables/vehicles/{ticked}", follow=True)
    assert answer.redirect_chain[-1][0].startswith(many(site))
    assert len(re.findall(r"<input[^>]* checked", answer.content.decode())) == 2
    homeless = van()
    page = as_manager.get(f"/bookings/tables/vehicles/?vehicle={homeless.pk}").content.decode()
    assert "1 vehicle is picked." in page


def test_a_vehicle_of_another_fleet_cannot_be_ticked(as_manager, site, other_fleet, van):
    van()
    stranger = van(fleet=other_fleet)
    page = as_manager.post(many(site), {"vehicles": stranger.pk, **night(site)}).content.decode()
    assert "not in your fleet any more" in page
    assert not Batch.objects.exists()


def test_a_block_has_a_row_for_each_charger_with_a_vehicle_that_is_at_home(
    as_manager, site, van, driver
):
    vehicle = van(home_site=site, usual_driver=driver, plugs=["ccs1"])
    keys = list(Evse.objects.order_by("ampeco_id").values_list("pk", flat=True))
    start = next_noon()
    dragged = {"evse": keys, "start": instant(start), "minutes": "120"}
    as_manager.post(f"{many(site)}block/", dragged)
    first, second = Batch.objects.get().rows.all()
    assert (first.evse.ampeco_id, first.vehicle, first.driver) == (301, vehicle, driver)
    assert (second.evse.ampeco_id, second.vehicle) == (302, None)
    assert (first.start_at, first.end_at) == (start, start + timedelta(hours=2))


def test_a_block_can_be_typed(as_manager, site):
    page = as_manager.post(f"{many(site)}block/", night(site)).content.decode()
    assert "Please tick the chargers." in page
    keys = list(Evse.objects.values_list("pk", flat=True))
    as_manager.post(f"{many(site)}block/", {"evse": keys, **night(site)})
    assert Batch.objects.get().rows.count() == 2


def test_a_block_over_somebody_elses_booking_says_so_in_the_row(as_manager, site, operator):
    start = next_noon()
    operator.add_booking(
        location_id=101, evse_id=301, start_at=start, end_at=start + timedelta(hours=1)
    )
    keys = list(Evse.objects.values_list("pk", flat=True))
    dragged = {"evse": keys, "start": instant(start), "minutes": "60"}
    page = as_manager.post(f"{many(site)}block/", dragged, follow=True).content.decode()
    assert "This charger is no longer free at that time." in page


def test_a_day_is_copied_to_the_same_times_of_the_clocks(as_manager, site, fleet, driver, evse):
    """Over the night in which New York puts its clocks back, 06:00 stays 06:00."""
    zone = ZoneInfo("America/New_York")
    before = datetime(2027, 11, 6, 6, tzinfo=zone)
    BookingFactory(
        fleet=fleet,
        driver=driver,
        evse=evse,
        start_at=before.astimezone(UTC),
        reference="Tour 1",
        accepted=True,
    )
    BookingFactory(fleet=fleet, driver=driver, evse=evse, start_at=before, rejected=True)
    as_manager.post(f"{many(site)}copy/yesterday/", {"day": "2027-11-07"})
    row = Batch.objects.get().rows.get()
    assert row.start_at.astimezone(zone).replace(tzinfo=None) == datetime(2027, 11, 7, 6)
    assert row.start_at - before == timedelta(hours=25)
    assert (row.driver, row.evse, row.reference) == (driver, evse, "Tour 1")


@pytest.mark.parametrize(("begin", "end"), [(time(2), time(3)), (time(2, 15), time(2, 45))])
def test_what_the_clocks_skip_is_copied_to_a_row_that_says_so(
    as_manager, site, fleet, driver, evse, begin, end
):
    """New York has no hour from 02:00 to 03:00 on the next day."""
    zone = ZoneInfo("America/New_York")
    start_at, end_at = (
        datetime.combine(date(2027, 3, 13), at, zone).astimezone(UTC) for at in (begin, end)
    )
    BookingFactory(
        accepted=True, fleet=fleet, driver=driver, evse=evse, start_at=start_at, end_at=end_at
    )
    page = as_manager.post(
        f"{many(site)}copy/yesterday/", {"day": "2027-03-14"}, follow=True
    ).content.decode()
    assert "The end must be after the start." in page
    batch = Batch.objects.get()
    as_manager.post(f"/bookings/tables/{batch.pk}/discard/")
    batch.refresh_from_db()
    assert batch.state == Batch.State.DISCARDED


def test_nothing_to_copy_makes_no_table(as_manager, site):
    answer = as_manager.post(f"{many(site)}copy/last-week/", {"day": "2027-11-07"}, follow=True)
    assert "had no bookings there on that day" in answer.content.decode()
    assert not Batch.objects.exists()


def test_another_like_a_booking_is_a_day_later_or_the_next_time_that_can_be(
    as_manager, fleet, driver, evse
):
    booking = BookingFactory(accepted=True, fleet=fleet, driver=driver, evse=evse)
    as_manager.post(f"/bookings/tables/like/{booking.pk}/")
    assert Batch.objects.get().rows.get().start_at == booking.start_at + timedelta(days=1)
    Booking.objects.update(
        start_at=booking.start_at - timedelta(days=30), end_at=booking.end_at - timedelta(days=30)
    )
    as_manager.post(f"/bookings/tables/like/{booking.pk}/")
    again = Batch.objects.latest("pk").rows.get().start_at
    assert now() < again <= now() + timedelta(days=1, hours=2)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2027-03-13T15:00Z", (date(2027, 3, 13), time(18), time(6))),
        ("2027-03-13T23:50Z", (date(2027, 3, 13), time(19), time(6))),
        ("2027-03-14T04:50Z", (date(2027, 3, 14), time(0), time(6))),
        ("2027-03-14T06:30Z", (date(2027, 3, 14), time(18), time(6))),
    ],
)
def test_tonight_begins_at_six_or_as_soon_as_it_may(settings, at, expected):
    settings.BOOKING_NOTICE_MINUTES = 0
    assert tonight(ZoneInfo("America/New_York"), now=datetime.fromisoformat(at)) == expected


def test_another_fleets_booking_and_site_are_not_there(as_other_manager, fleet, driver, evse):
    booking = BookingFactory(accepted=True, fleet=fleet, driver=driver, evse=evse)
    assert as_other_manager.post(f"/bookings/tables/like/{booking.pk}/").status_code == 404
    assert as_other_manager.get("/bookings/tables/site/999999/").status_code == 404
