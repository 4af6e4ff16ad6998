"""What is said of a change, and that nobody waits for it."""

import pytest

from bookings.actions.create import dismiss_attention
from bookings.models import Actor, BookingRequest
from bookings.state import listeners
from bookings.state.moves import move_request
from live import announcing
from live.announcing import Voice, as_message, from_message
from notifications.delivery import deliver_due
from notifications.models import Notification
from tests.factories import BookingRequestFactory, NotificationFactory
from tools.services.ports import free_port, wait_until


@pytest.fixture
def told(monkeypatch):
    """The bookings of which a change was told, with their versions."""
    changes = []
    listener = lambda booking: changes.append((booking.pk, booking.version))  # noqa: E731
    monkeypatch.setattr(listeners, "booking_changed", [listener])
    return changes


def test_all_that_pages_show_of_a_booking_is_told(db, told):
    request = BookingRequestFactory()
    booking = request.booking
    move_request(request, to=BookingRequest.Status.PENDING, actor=Actor.PORTAL)
    assert told.pop() == (booking.pk, 0), "that it was sent is in the history"

    move_request(request, to=BookingRequest.Status.REJECTED, actor=Actor.OPERATOR)
    assert told.pop() == (booking.pk, 1)

    told.clear()
    booking.refresh_from_db()
    dismiss_attention(booking)
    assert told == [(booking.pk, 1)]


def test_a_mail_that_left_is_told(db, told):
    notification = NotificationFactory()
    deliver_due()
    assert Notification.objects.get().state == Notification.State.SENT
    assert told == [(notification.booking_id, notification.booking.version)]


def test_without_an_address_or_without_redis_nothing_listens(settings, monkeypatch):
    monkeypatch.setattr(listeners, "booking_changed", [])
    there = "https://chargebook.example/live", "redis://127.0.0.1/1"
    for settings.LIVE_URL, settings.CACHE_URL in (("", there[1]), (there[0], "locmem://")):
        announcing.listen()
        assert listeners.booking_changed == []

    settings.LIVE_URL, settings.CACHE_URL = there
    announcing.listen()
    assert listeners.booking_changed == [announcing.announce]


def test_of_several_changes_of_a_booking_the_last_one_is_said_and_too_many_are_left():
    voice = Voice()
    voice._thread = object()  # nobody says what is collected
    voice.add((1, 7, 3))
    voice.add((1, 7, 4))
    for number in range(2 * announcing.MOST_COLLECTED):
        voice.add((1, 100 + number, 0))

    assert voice._collected[7] == (1, 7, 4)
    assert len(voice._collected) == announcing.MOST_COLLECTED


@pytest.mark.skipif(not announcing.has_redis(), reason="there is no Redis")
def test_whoever_hears_of_a_change_finds_what_was_kept_out_of_date(as_manager, fleet, settings):
    settings.LIVE_URL = "https://chargebook.example/live"
    BookingRequestFactory(booking__fleet=fleet)
    voice = Voice()
    seen = []
    for version in range(3):
        voice._collected = {7: (fleet.pk, 7, version)}
        voice.say()
        page = as_manager.get("/bookings/").content.decode()
        seen.append(page.split("X-Seen")[1].split("}")[0])
    assert len(set(seen)) == 3


def test_what_is_said_is_understood_and_nonsense_is_not():
    assert from_message(as_message([(1, 2, 3)]).encode()) == [(1, 2, 3)]
    for nonsense in ("", "7", "null", "[[1]]", '[["a", 1, 2]]', b"\xff"):
        with pytest.raises(ValueError):
            from_message(nonsense)


def test_a_redis_that_is_away_disturbs_nobody(settings, caplog):
    address = f"redis://127.0.0.1:{free_port()}/1"
    settings.CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": address}}
    settings.CACHE_URL = address
    voice = Voice()
    voice.add((1, 2, 3))

    assert wait_until(lambda: "Redis is away" in caplog.text, seconds=30)
