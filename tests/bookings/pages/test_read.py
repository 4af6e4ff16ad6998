import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils.timezone import now

from bookings.models import Booking, BookingRequest
from notifications.models import Notification
from telemetry.models import Sweep
from tests.factories import (
    BookingFactory,
    BookingRequestFactory,
    DriverFactory,
    EvseFactory,
    NotificationFactory,
    next_noon,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def booking(fleet) -> Booking:
    return BookingRequestFactory(
        pending=True, booking__fleet=fleet, booking__reference="Job 7"
    ).booking


def html(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_pending_booking_polls_and_a_settled_one_does_not(as_manager, booking):
    url = f"/bookings/{booking.pk}/"
    for address in (url, f"{url}status/"):
        page = html(as_manager.get(address))
        assert f'id="booking-status-{booking.pk}"' in page
        assert 'data-look-every="500ms"' in page
        assert "The operator has your request" in page
    Booking.objects.filter(pk=booking.pk).update(status="accepted", ampeco_booking_id=5)
    BookingRequest.objects.update(status="approved")
    page = html(as_manager.get(f"{url}status/"))
    assert 'data-look-every="500ms"' not in page
    assert "The operator approved the booking." in page


def test_a_page_that_waits_lets_the_next_sweep_ask(as_manager, booking):
    BookingRequest.objects.update(next_attempt_at=now() + timedelta(minutes=1))
    as_manager.get(f"/bookings/{booking.pk}/status/")
    assert BookingRequest.objects.get().next_attempt_at <= now()


def test_the_operators_reason_is_shown_as_text(as_manager, fleet):
    request = BookingRequestFactory(
        rejected=True,
        booking__fleet=fleet,
        booking__rejected=True,
        rejection_reason="<script>alert(1)</script> Works until noon.",
    )
    page = html(as_manager.get(f"/bookings/{request.booking_id}/"))
    assert "Works until noon." in page
    assert "<script>alert" not in page
    assert "Pick another slot" in page
    assert "Mark as done" in page


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("queued", "is saved and is on its way"),
        ("stale", "has not decided for a long time"),
        ("failed", "was taken before the request could be sent"),
    ],
)
def test_each_state_is_said_in_words_that_are_true(as_manager, fleet, status, words):
    request = BookingRequestFactory(
        booking__fleet=fleet,
        status=status,
        failure="slot-gone" if status == "failed" else "",
        booking__status="not-placed" if status == "failed" else "requested",
    )
    page = html(as_manager.get(f"/bookings/{request.booking_id}/"))
    assert words in page
    assert "approved the booking" not in page


def test_trouble_is_said_in_a_plain_sentence(as_manager, booking):
    BookingRequest.objects.update(trouble="unreachable")
    page = html(as_manager.get(f"/bookings/{booking.pk}/"))
    assert "cannot be reached. We will keep trying." in page


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("reserved", "being held"),
        ("completed", "has started charging"),
        ("cancelled", "was cancelled"),
        ("no-show", "did not start charging in time"),
        ("failed", "could not be held"),
        ("unknown", "does not know"),
    ],
)
def test_a_booking_made_elsewhere_shows_its_state(as_manager, fleet, status, words):
    booking = BookingFactory(fleet=fleet, status=status, ampeco_booking_id=9, slot_key="")
    assert words in html(as_manager.get(f"/bookings/{booking.pk}/"))


def test_what_was_sent_to_whom_is_in_the_history(as_manager, fleet):
    notification = NotificationFactory(
        request__booking__fleet=fleet, state="sent", sent_at=now(), recipient_email="d@x.example"
    )
    page = html(as_manager.get(f"/bookings/{notification.booking_id}/"))
    assert "E-mail sent to d@x.example" in page


def test_a_page_waits_a_moment_for_mails_that_are_leaving(as_manager, fleet):
    notification = NotificationFactory(
        request__booking__fleet=fleet, request__booking__accepted=True
    )
    address = f"/bookings/{notification.booking_id}/"
    page = html(as_manager.get(address))
    assert "is waiting to be sent" in page
    assert 'data-look-every="2s"' in page
    Notification.objects.update(created_at=now() - timedelta(minutes=2))
    assert 'data-look-every="2s"' not in html(as_manager.get(address)), (
        "a mail server may be away for long"
    )


@pytest.mark.parametrize("part", ["", "status/", "calendar.ics"])
def test_another_fleets_booking_is_a_404(as_other_manager, booking, part):
    Booking.objects.update(status="accepted", ampeco_booking_id=5)
    assert as_other_manager.get(f"/bookings/{booking.pk}/{part}").status_code == 404


@pytest.mark.parametrize("part", ["", "status/", "calendar.ics"])
def test_strangers_log_in_first(client, booking, part):
    assert client.get(f"/bookings/{booking.pk}/{part}").url.startswith("/account/login/")


def test_a_viewer_sees_but_has_no_buttons(as_viewer, fleet):
    request = BookingRequestFactory(rejected=True, booking__fleet=fleet, booking__rejected=True)
    page = html(as_viewer.get(f"/bookings/{request.booking_id}/"))
    assert "Rejected" in page
    assert "Mark as done" not in page
    assert "Pick another slot" not in page
    assert as_viewer.post(f"/bookings/{request.booking_id}/dismiss/").status_code == 403


def test_dismissing_takes_it_off_the_list(as_manager, fleet, other_manager, client):
    request = BookingRequestFactory(rejected=True, booking__fleet=fleet, booking__rejected=True)
    address = f"/bookings/{request.booking_id}/dismiss/"
    assert as_manager.get(address).status_code == 405
    as_manager.post(address)
    assert not Booking.objects.get().needs_attention
    client.force_login(other_manager)
    assert client.post(address).status_code == 404


@pytest.mark.parametrize(
    ("seconds", "fields", "late"),
    [
        (1, {}, False),
        (120, {}, True),
        (120, {"accepted": True}, False),
        (120, {"accepted": True, "open_change": "cancel"}, True),
    ],
)
def test_who_waits_is_told_that_the_portal_itself_is_late(as_manager, fleet, seconds, fields, late):
    for name in ("poll-requests", "sweep-queued"):
        Sweep.objects.create(name=name, succeeded_at=now() - timedelta(seconds=seconds))
    booking = BookingFactory(fleet=fleet, **fields)
    page = unescape(as_manager.get(f"/bookings/{booking.pk}/").content.decode())
    assert ("The portal is running late" in page) == late


def test_dismissing_can_be_undone(as_manager, fleet):
    request = BookingRequestFactory(rejected=True, booking__fleet=fleet, booking__rejected=True)
    other = BookingRequestFactory(approved=True, booking__fleet=fleet, booking__accepted=True)
    address = f"/bookings/{request.booking_id}/dismiss/"
    page = html(as_manager.post(address, follow=True))
    assert f"Booking {request.booking_id} no longer needs attention." in page
    assert re.search(rf'<form[^>]* action="{address}">.*name="undo".*Undo', page, re.DOTALL)
    # What was not taken off is not put on.
    as_manager.post(f"/bookings/{other.booking_id}/dismiss/", {"undo": "1"})
    assert not Booking.objects.filter(needs_attention=True).exists()
    assert as_manager.post(address, {"undo": "1"}).url == f"/bookings/{request.booking_id}/"
    assert list(Booking.objects.filter(needs_attention=True)) == [request.booking]


def test_what_was_cancelled_is_booked_again_in_one_click(as_manager, viewer, fleet):
    booking = BookingFactory(
        fleet=fleet, driver__fleet=fleet, status="cancelled", reference="Trailer 9"
    )
    page = html(as_manager.get(f"/bookings/{booking.pk}/"))
    link = unescape(re.search(r'id="book-again" href="([^"]+)"', page)[1])
    form = html(as_manager.get(link))
    assert 'value="Trailer 9"' in form
    assert booking.driver.display_name in form
    as_manager.force_login(viewer)
    assert "book-again" not in html(as_manager.get(f"/bookings/{booking.pk}/"))


def test_the_calendar_entry_is_there_once_approved(as_manager, booking):
    address = f"/bookings/{booking.pk}/calendar.ics"
    assert as_manager.get(address).status_code == 404
    Booking.objects.update(status="accepted", ampeco_booking_id=5)
    answer = as_manager.get(address)
    assert answer["Content-Type"].startswith("text/calendar")
    assert b"BEGIN:VEVENT" in answer.content


# The list


def rows(page: str) -> list[str]:
    return [part.split('"')[0] for part in page.split('<tr id="booking-')[1:]]


def test_views_of_the_list(as_manager, fleet, other_fleet):
    noon = next_noon()
    coming = BookingFactory(fleet=fleet, accepted=True, start_at=noon)
    over = BookingFactory(fleet=fleet, status="completed", start_at=noon - timedelta(days=9))
    rejected = BookingFactory(fleet=fleet, rejected=True, start_at=noon)
    BookingFactory(fleet=other_fleet, accepted=True)
    expected = {
        "upcoming": [coming],
        "past": [over],
        "attention": [rejected],
        "all": [rejected, coming, over],
        "nonsense": [coming],
    }
    for view, bookings in expected.items():
        found = rows(html(as_manager.get("/bookings/", {"view": view})))
        assert set(found) == {str(booking.pk) for booking in bookings}, view
    assert "Needs attention (1)" in html(as_manager.get("/bookings/"))


def test_what_still_runs_is_upcoming_however_long_it_was_booked_elsewhere(
    as_manager, fleet, settings
):
    settings.BOOKING_MAX_HOURS = 8
    ends = now() + timedelta(hours=1)
    running = [
        BookingFactory(fleet=fleet, accepted=True, start_at=ends - length, end_at=ends)
        for length in (timedelta(days=4), timedelta(hours=10), timedelta(hours=2))
    ]
    page = html(as_manager.get("/bookings/", {"view": "upcoming"}))
    assert rows(page) == [str(booking.pk) for booking in running]


def test_filters_and_search(as_manager, fleet):
    noon = next_noon()
    evse = EvseFactory(charge_point__location__name="Grünau")
    evse.charge_point.location.search_text = "grunau berlin"
    evse.charge_point.location.save()
    mine = BookingFactory(
        fleet=fleet,
        accepted=True,
        evse=evse,
        driver=DriverFactory(fleet=fleet, first_name="Zoë", search_text="zoe driver"),
        reference="Job-77",
        start_at=noon,
    )
    BookingFactory(fleet=fleet, start_at=noon + timedelta(days=3))
    for query in (
        {"q": "job-7"},
        {"q": "GRÜNAU"},
        {"q": "zoe"},
        {"site": "grunau"},
        {"driver": "Zoë"},
        {"status": "accepted"},
        {"until": (noon + timedelta(days=1)).date().isoformat()},
    ):
        assert rows(html(as_manager.get("/bookings/", query))) == [str(mine.pk)], query
    assert "No booking matches" in html(as_manager.get("/bookings/", {"q": "nowhere"}))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"since": "soon"}, "Enter a valid date"),
        ({"since": "2026-02-03", "until": "2026-02-01"}, "must not be before the first"),
        ({"status": "booked"}, "not one of the available choices"),
        ({"q": "x" * 101}, "at most 100 characters"),
        ({"since": "0001-01-01"}, "from 2000 to 2199"),
    ],
)
def test_filters_that_are_none_are_said_and_ignored(as_manager, fleet, query, words):
    booking = BookingFactory(fleet=fleet)
    page = html(as_manager.get("/bookings/", query))
    assert words in page
    assert rows(page) == [str(booking.pk)]


def test_pages_go_there_and_back_without_losing_a_row(as_manager, fleet):
    noon = next_noon()
    evse, driver = EvseFactory(), DriverFactory(fleet=fleet)
    for number in range(60):
        BookingFactory(
            fleet=fleet,
            evse=evse,
            driver=driver,
            start_at=noon + timedelta(hours=number // 2),
            slot_key=f"slot {number}",
        )
    for view, descending in (("upcoming", False), ("all", True)):
        seen: list[str] = []
        address = f"/bookings/?view={view}"
        pages = []
        while address:
            page = html(as_manager.get(address))
            pages.append(rows(page))
            seen += rows(page)
            address = _link(page, "next")
        expected = Booking.objects.order_by("start_at", "pk").values_list("pk", flat=True)
        in_order = [str(pk) for pk in expected]
        assert seen == (in_order[::-1] if descending else in_order)
        back = _link(page, "prev")
        assert rows(html(as_manager.get(back))) == pages[-2]


def _link(page: str, rel: str) -> str:
    for tag in re.findall(r"<a [^>]*>", page):
        if f'rel="{rel}"' in tag:
            return re.search(r'href="([^"]*)"', tag)[1].replace("&amp;", "&")
    return ""


def test_what_needs_attention_begins_with_what_is_still_to_come(as_manager, fleet):
    """All pages of it, on and back again, and the file."""
    noon = next_noon()
    made = [
        BookingFactory(fleet=fleet, rejected=True, start_at=noon + timedelta(days=each))
        for day in range(3, 18)
        for each in (day, -day, day)
    ]
    ahead = sorted((each.start_at, each.pk) for each in made if each.start_at > now())
    been = sorted((each.start_at, each.pk) for each in made if each.start_at < now())
    wanted = [str(pk) for _at, pk in [*ahead, *reversed(been)]]
    first = html(as_manager.get("/bookings/", {"view": "attention"}))
    second = html(as_manager.get(_link(first, "next")))
    assert [*rows(first), *rows(second)] == wanted
    assert 'rel="next"' not in second
    assert rows(html(as_manager.get(_link(second, "prev")))) == wanted[:25]
    answer = as_manager.get("/bookings/export.csv", {"view": "attention"})
    file = b"".join(answer.streaming_content)
    assert [line.split(",")[0] for line in file.decode().splitlines()[1:]] == wanted


@pytest.mark.parametrize("at", ["", "a", "axx-1", "a1-", "b99999999999999-1", "a1-" + "9" * 30])
def test_a_tampered_place_in_the_list_is_the_first_page(as_manager, fleet, at):
    booking = BookingFactory(fleet=fleet)
    assert rows(html(as_manager.get("/bookings/", {"at": at}))) == [str(booking.pk)]


@pytest.mark.parametrize("view", ["upcoming", "attention"])
def test_the_list_asks_the_database_a_constant_number_of_times(
    as_manager, fleet, django_assert_max_num_queries, view
):
    evse, driver = EvseFactory(), DriverFactory(fleet=fleet)
    for number in range(25):
        BookingRequestFactory(
            rejected=True,
            kind="update",
            booking__fleet=fleet,
            booking__accepted=True,
            booking__evse=evse,
            booking__driver=driver,
            booking__slot_key=f"slot {number}",
            booking__needs_attention=True,
        )
    with django_assert_max_num_queries(12):
        assert len(rows(html(as_manager.get("/bookings/", {"view": view})))) == 25


def test_the_list_renews_itself_only_while_something_is_undecided(as_manager, fleet):
    booking = BookingFactory(fleet=fleet)
    page = html(as_manager.get("/bookings/", headers={"HX-Request": "true"}))
    assert "<html" not in page
    assert 'data-look-every="2s"' in page
    Booking.objects.filter(pk=booking.pk).update(status="accepted")
    assert 'data-look-every="2s"' not in html(as_manager.get("/bookings/"))


def row(page: str, booking: Booking) -> str:
    return page.split(f'<tr id="booking-{booking.pk}"')[1].split("</tr>")[0]


def test_each_row_offers_what_may_be_done_with_it(as_manager, fleet):
    offered = {
        BookingFactory(fleet=fleet, accepted=True): {"change", "cancel", "tick"},
        BookingFactory(fleet=fleet, status="requested"): {"cancel", "tick"},
        BookingFactory(fleet=fleet, accepted=True, open_change="update"): set(),
        BookingFactory(fleet=fleet, accepted=True, start_at=now() - timedelta(minutes=5)): set(),
        BookingFactory(fleet=fleet, status="completed", slot_key=""): set(),
    }
    page = html(as_manager.get("/bookings/"))
    for booking, expected in offered.items():
        text = row(page, booking)
        found = {
            each for each in ("change", "cancel", "tick") if f'id="{each}-{booking.pk}"' in text
        }
        assert found == expected, booking.status
    assert 'id="cancel-selected"' in page


def test_a_box_says_which_booking_it_picks_and_survives_a_renewal(as_manager, fleet):
    booking = BookingFactory(fleet=fleet, accepted=True)
    text = row(html(as_manager.get("/bookings/")), booking)
    label = text.split("<label")[1].split("</label>")[0]
    for part in (f"booking {booking.pk}", booking.location.name, booking.driver.display_name):
        assert part in label
    assert 'form="cancel-selected"' in label
    assert "hx-preserve" in label


def test_a_viewer_sees_the_list_without_boxes_and_actions(as_viewer, fleet):
    booking = BookingFactory(fleet=fleet, accepted=True)
    page = html(as_viewer.get("/bookings/"))
    for part in (f'id="change-{booking.pk}"', f'id="tick-{booking.pk}"', "cancel-selected"):
        assert part not in page


def test_there_is_nothing_to_cancel_where_nothing_can_be(as_manager, fleet):
    BookingFactory(fleet=fleet, status="completed", slot_key="")
    assert 'id="cancel-selected"' not in html(as_manager.get("/bookings/"))


def test_bookings_made_elsewhere_are_marked(as_manager, fleet):
    here = BookingFactory(fleet=fleet, accepted=True)
    elsewhere = BookingFactory(fleet=fleet, accepted=True, made_elsewhere=True)
    page = html(as_manager.get("/bookings/"))
    assert "External booking" in row(page, elsewhere)
    assert "External booking" not in row(page, here)


def test_what_needs_attention_says_why(as_manager, fleet):
    rejected = BookingRequestFactory(
        rejected=True,
        booking__fleet=fleet,
        booking__rejected=True,
        rejection_reason="<b>Works</b> until noon.",
    ).booking
    missed = BookingFactory(
        fleet=fleet, status="no-show", slot_key="", needs_attention=True, ampeco_booking_id=7
    )
    page = html(as_manager.get("/bookings/", {"view": "attention"}))
    assert "&lt;b&gt;Works&lt;/b&gt; until noon." in row(page, rejected)
    assert "did not start charging in time" in row(page, missed)


def test_the_export_takes_the_filters_along_but_not_the_place(as_manager, fleet):
    BookingFactory(fleet=fleet, accepted=True)
    query = {"view": "all", "q": "job", "status": "accepted", "at": "a1-1"}
    page = html(as_manager.get("/bookings/", query)).replace("&amp;", "&")
    assert 'href="/bookings/export.csv?view=all&q=job&status=accepted"' in page
    assert 'href="/bookings/feeds/"' in page


def test_an_empty_list_says_what_to_do(as_manager):
    assert "Pick a site, see what is free" in html(as_manager.get("/bookings/"))


@pytest.mark.parametrize("name", ["view", "q", "site", "driver", "status", "since", "until", "at"])
def test_nothing_in_the_query_string_breaks_the_list(as_manager, fleet, name):
    BookingFactory(fleet=fleet)
    for value in ("\x00", "a\x00", "9" * 5000, "2026-02-30", "\u0663", "x" * 20_000, "9999-12-31"):
        html(as_manager.get("/bookings/", {name: value}))


def test_going_back_gets_the_whole_page(as_manager):
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in html(as_manager.get("/bookings/", headers=headers))


@pytest.mark.parametrize("part", ["", "status/"])
def test_asking_for_the_head_of_a_page_is_answered(as_manager, booking, part):
    assert as_manager.head(f"/bookings/{booking.pk}/{part}").status_code == 200
