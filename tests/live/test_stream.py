"""The stream, over HTTP from the process that serves it, fed by changes in the database."""

import signal

import pytest
from django.db import transaction
from django_redis import get_redis_connection

from bookings.models import Actor, BookingEvent, BookingRequest
from bookings.state import listeners
from bookings.state.booking import change_booking
from bookings.state.moves import move_request
from live.announcing import channel
from live.server import MOST_A_PERSON
from tests.factories import BookingFactory, BookingRequestFactory, UserFactory
from tests.live.conftest import serving

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.redis,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def booking(live, fleet):
    return BookingFactory(fleet=fleet, accepted=True)


def change(booking, **changes):
    what = BookingEvent.What.CHANGED
    assert change_booking(booking, what=what, actor=Actor.PORTAL, **changes)


def test_a_page_hears_of_a_change_when_it_is_committed(live, booking, as_manager):
    page = live.open(as_manager, booking=booking.pk, seen=0)
    assert page.hear() == ("hello", None)
    with transaction.atomic():
        change(booking, needs_attention=True)

    assert page.hear_of(booking.pk)


def test_what_is_rolled_back_is_not_told(live, fleet, booking, as_manager):
    other = BookingFactory(fleet=fleet, accepted=True)
    page = live.open(as_manager, fleet="current")
    assert page.hear() == ("hello", None)
    with pytest.raises(RuntimeError), transaction.atomic():
        change(booking, needs_attention=True)
        raise RuntimeError
    change(other, needs_attention=True)

    assert booking.pk not in page.hear_of(other.pk)


def test_a_fleet_hears_of_a_new_request_and_of_nobody_elses(live, fleet, other_fleet, as_manager):
    mine, theirs = BookingFactory(fleet=fleet), BookingFactory(fleet=other_fleet)
    page = live.open(as_manager, fleet="current")
    page.hear()
    change(theirs, needs_attention=True)
    change(mine, needs_attention=True)

    assert theirs.pk not in page.hear_of(mine.pk)


def test_a_page_that_missed_something_is_told_at_once(live, booking, as_manager):
    change(booking, needs_attention=True)
    page = live.open(as_manager, booking=booking.pk, seen=0)

    assert page.hear() == ("hello", None)
    assert page.hear_of(booking.pk)


def test_so_is_one_that_missed_what_raises_no_version(live, fleet, as_manager):
    request = BookingRequestFactory(booking__fleet=fleet)
    board = live.open(as_manager, fleet="current")
    board.hear()
    move_request(request, to=BookingRequest.Status.PENDING, actor=Actor.PORTAL)
    board.hear_of(request.booking_id)
    # Rendered before, connected afterwards.
    page = live.open(as_manager, booking=request.booking_id, seen=0, age=2)

    assert page.hear() == ("hello", None)
    assert page.hear()[0] == "change"


def test_a_list_from_before_the_server_began_is_told_to_look(live, booking, as_manager):
    page = live.open(as_manager, fleet="current", age=10_000)

    assert page.hear() == ("hello", None)
    assert page.hear()[0] == "change"


def test_what_nobody_said_is_found_in_the_database(live, booking, as_manager):
    other = BookingFactory(fleet=booking.fleet)
    page = live.open(as_manager, booking=booking.pk, seen=0)
    board = live.open(as_manager, fleet="current")
    listeners.booking_changed.clear()
    page.hear()
    for _ in range(2):
        change(booking, needs_attention=True)
        page.hear_of(booking.pk)
    # Two looks have passed since the board is open: from the first on the history is read.
    change(other, needs_attention=True)
    assert board.hear_of(other.pk)


def test_nonsense_over_redis_is_not_heard(live, booking, as_manager):
    page = live.open(as_manager, booking=booking.pk, seen=0)
    page.hear()
    for nonsense in ("", "7", '[["a", 1, 2]]', "[[1]]", "null"):
        get_redis_connection("default").publish(channel(), nonsense)
    change(booking, needs_attention=True)

    assert page.hear_of(booking.pk)


def test_who_may_not_see_a_booking_may_not_watch_it(live, booking, as_manager, client):
    theirs = BookingFactory()
    stranger = UserFactory()
    assert live.open(as_manager, booking=theirs.pk, seen=0).status == 404
    assert live.open(as_manager, booking=booking.pk, seen=0).status == 200
    assert live.open(booking=booking.pk, seen=0).status == 401
    assert live.open(headers={"Cookie": "sessionid=made-up"}, fleet="current").status == 401
    as_manager.logout()
    client.force_login(stranger)
    assert live.open(client, fleet="current").status == 403


@pytest.mark.parametrize(
    "query", [{}, {"booking": "x"}, {"booking": "9" * 30}, {"fleet": "current", "age": "-1"}]
)
def test_what_makes_no_sense_is_refused(live, as_manager, manager, query):
    assert live.open(as_manager, **query).status == 400


def test_pages_of_other_sites_cannot_listen(live, as_manager, manager, settings):
    foreign = live.open(as_manager, fleet="current", headers={"Origin": "https://else.example"})
    own = live.open(as_manager, fleet="current", headers={"Origin": settings.SITE_URL})

    assert foreign.status == 403
    assert own.answer.headers["Access-Control-Allow-Origin"] == settings.SITE_URL
    assert live.open(as_manager, fleet="current", headers={"Host": "else.example"}).status == 400
    assert live.open(as_manager, fleet="current", method="POST").status == 405


def test_it_is_neither_kept_nor_compressed_on_its_way(live, as_manager, manager):
    page = live.open(as_manager, fleet="current", headers={"Accept-Encoding": "gzip, br"})

    assert page.answer.headers["Content-Type"].startswith("text/event-stream")
    assert page.answer.headers["X-Accel-Buffering"] == "no"
    assert "no-store" in page.answer.headers["Cache-Control"]
    assert "Content-Encoding" not in page.answer.headers


def test_a_person_has_so_many_streams_and_another_when_one_is_left(live, as_manager, manager):
    pages = [live.open(as_manager, fleet="current") for _ in range(MOST_A_PERSON)]
    assert live.open(as_manager, fleet="current").status == 429
    pages[0].close()
    while live.open(as_manager, fleet="current").status == 429:
        pass


def test_when_the_server_ends_pages_are_told_to_come_back(live, as_manager, manager):
    with serving() as (port, process):
        page = live.open(as_manager, fleet="current", port=port)
        page.hear()
        process.send_signal(signal.SIGTERM)
        told = page.hear()
        while told[0] == "change":
            told = page.hear()
        said, _ = process.communicate(timeout=20)

    assert told == ("bye", None)
    assert "Traceback" not in said
