"""Bookings under downtime that is planned later: told once, with alternatives, until it is over."""

import html
from datetime import timedelta

import pytest
from django.core import mail
from django.utils.timezone import now

from bookings.actions.create import dismiss_attention
from bookings.models import Booking, BookingDowntime, BookingEvent
from bookings.state.booking import note_trouble
from bookings.wording.attention import reasons_of
from maintenance.models import Downtime
from notifications.models import Notification
from sync.downtime import notice_downtime
from tests.factories import DowntimeFactory
from tests.maintenance.downtime.conftest import HOUR

pytestmark = pytest.mark.django_db

What = BookingEvent.What


@pytest.fixture
def over(confirmed, evse):
    """Downtime that the confirmed booking lies under."""
    return DowntimeFactory(
        evse=evse,
        start_at=confirmed.start_at - HOUR,
        end_at=confirmed.start_at + HOUR / 2,
    )


def lines(booking) -> list[str]:
    downtime = booking.events.filter(what__in=[What.DOWNTIME, What.DOWNTIME_OVER])
    return list(downtime.order_by("at", "pk").values_list("what", flat=True))


def attention(booking) -> bool:
    return Booking.objects.get(pk=booking.pk).needs_attention


def reason(booking) -> str:
    return reasons_of([Booking.objects.get(pk=booking.pk)]).get(booking.pk, "")


def test_is_told_once_with_its_reason(confirmed, over, workers, manager):
    mail.outbox.clear()
    Notification.objects.update(state="sent")
    assert notice_downtime() == 1
    assert notice_downtime() == 0
    assert lines(confirmed) == ["downtime"]
    zone = confirmed.location.zone
    times = f"{over.start_at.astimezone(zone):%H:%M}–{over.end_at.astimezone(zone):%H:%M}"
    said = reason(confirmed)
    assert said.startswith("Maintenance is planned at the charger then: ")
    assert said.endswith(f"{times}, Replacing the cable.")
    workers.send_mails()
    (letter,) = mail.outbox
    assert letter.to == [manager.email]
    assert letter.subject.startswith("Maintenance planned: ")
    assert times in letter.body and "Replacing the cable" in letter.body


def test_a_mail_that_waits_is_dropped_once_it_is_over(confirmed, over, workers):
    Notification.objects.update(state="sent")
    mail.outbox.clear()
    notice_downtime()
    over.retired_at = now()
    over.save()
    notice_downtime()
    workers.send_mails()
    assert mail.outbox == []


def test_the_page_says_so_and_offers_other_chargers(confirmed, over, as_manager):
    notice_downtime()
    page = html.unescape(as_manager.get(f"/bookings/{confirmed.pk}/").content.decode())
    assert "Maintenance is planned at the charger then: " in page
    assert "The booking still stands. Move it to another charger, or ask the operator." in page
    assert f"/bookings/{confirmed.pk}/alternatives/?move=1" in page
    assert "Maintenance planned at the charger: " in page
    offered = as_manager.get(f"/bookings/{confirmed.pk}/alternatives/?move=1").content.decode()
    assert offered


@pytest.mark.parametrize("how", ["taken back", "moved", "vanished", "ended"])
def test_goes_away_with_the_downtime(confirmed, over, how):
    notice_downtime()
    match how:
        case "taken back":
            Downtime.objects.update(retired_at=now())
        case "moved":
            Downtime.objects.update(start_at=confirmed.end_at, end_at=confirmed.end_at + HOUR)
        case "ended":
            Downtime.objects.update(end_at=confirmed.start_at)
        case "vanished":
            Downtime.objects.all().delete()
    notice_downtime()
    if how == "vanished":
        # Our copies are retired, not deleted: with the row what was known of it goes.
        assert not BookingDowntime.objects.exists()
        return
    assert not attention(confirmed)
    assert lines(confirmed) == ["downtime", "downtime-over"]
    assert reason(confirmed) == ""
    assert notice_downtime() == 0
    assert lines(confirmed) == ["downtime", "downtime-over"]


def test_comes_again_if_it_is_in_the_way_again(confirmed, over):
    notice_downtime()
    Downtime.objects.update(retired_at=now())
    notice_downtime()
    Downtime.objects.update(retired_at=None)
    assert notice_downtime() == 1
    assert attention(confirmed)
    assert lines(confirmed) == ["downtime", "downtime-over", "downtime"]


def test_what_was_marked_as_done_stays_so(confirmed, over):
    notice_downtime()
    assert dismiss_attention(Booking.objects.get())
    assert notice_downtime() == 0
    assert not attention(confirmed)


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_else_holds_it_there_stays(confirmed, over, driver, when):
    def lose_driver():
        note_trouble(Booking.objects.get(), what=What.DRIVER_LEFT, driver=driver)

    if when == "before":
        lose_driver()
    notice_downtime()
    if when == "after":
        lose_driver()
    both = reason(confirmed)
    assert "Maintenance" in both and "no longer in your fleet" in both
    Downtime.objects.update(retired_at=now())
    notice_downtime()
    assert attention(confirmed)
    assert reason(confirmed) == "Ana Alvarez is no longer in your fleet."


def test_of_two_the_last_one_clears_it(confirmed, over, evse):
    DowntimeFactory(
        whole=True,
        charge_point=evse.charge_point,
        start_at=confirmed.start_at,
        end_at=None,
        notice="Inspection",
    )
    assert notice_downtime() == 2
    said = reason(confirmed)
    assert "Replacing the cable" in said and "until further notice, Inspection" in said
    Downtime.objects.filter(pk=over.pk).update(retired_at=now())
    notice_downtime()
    assert attention(confirmed)
    assert "Replacing the cable" not in reason(confirmed)
    Downtime.objects.update(retired_at=now())
    notice_downtime()
    assert not attention(confirmed)


@pytest.mark.parametrize(
    "changes",
    [
        {"entry_mode": "automatic"},
        {"retired_at": now()},
        {"end_at": now() - HOUR, "start_at": now() - 2 * HOUR},
    ],
)
def test_what_is_not_in_the_way(confirmed, over, changes):
    Downtime.objects.update(**changes)
    assert notice_downtime() == 0


def test_half_open_and_only_its_own_charger(confirmed, evse):
    DowntimeFactory(evse=evse, start_at=confirmed.end_at, end_at=confirmed.end_at + HOUR)
    DowntimeFactory(evse=evse, start_at=confirmed.start_at - HOUR, end_at=confirmed.start_at)
    sibling = evse.charge_point.evses.exclude(pk=evse.pk).get()
    DowntimeFactory(evse=sibling, start_at=confirmed.start_at, end_at=confirmed.end_at)
    assert notice_downtime() == 0


def test_a_booking_that_is_over_is_left_in_peace(confirmed, over):
    notice_downtime()
    Booking.objects.update(status="cancelled", needs_attention=False)
    notice_downtime()
    assert lines(confirmed) == ["downtime"]
    assert BookingDowntime.objects.get().over_at is not None


def test_a_booking_that_moved_away_is_not_held_any_more(confirmed, over):
    """The operator's approval of the change has cleared the flag."""
    notice_downtime()
    later = {"start_at": over.end_at, "end_at": over.end_at + HOUR}
    Booking.objects.update(needs_attention=False, **later)
    notice_downtime()
    assert lines(confirmed) == ["downtime", "downtime-over"]
    assert not attention(confirmed)


def test_costs_few_queries_however_many_bookings(follow, evse, django_assert_max_num_queries):
    DowntimeFactory(evse=evse, start_at=now(), end_at=now() + timedelta(days=3))
    for hours in range(6):
        follow(now() + (5 + 2 * hours) * HOUR)
    assert notice_downtime() == 6
    with django_assert_max_num_queries(3):
        notice_downtime()


def test_the_list_tells_why_in_two_queries(confirmed, over, django_assert_num_queries):
    notice_downtime()
    booking = Booking.objects.select_related("location", "evse__charge_point").get()
    with django_assert_num_queries(2):
        assert "Replacing the cable" in reasons_of([booking])[booking.pk]
