"""What pages know of the stream."""

import pytest

from tests.factories import BookingFactory

STREAM = "https://live.example/live"
# Where the portal is: to pages of other addresses that stream does not answer.
AT_HOME = {"HTTP_HOST": "chargebook.example"}


@pytest.fixture
def booking(fleet):
    return BookingFactory(fleet=fleet)


def test_a_page_names_what_it_watches_and_what_of_it_it_shows(as_manager, booking, settings):
    settings.LIVE_URL = STREAM
    page = as_manager.get(f"/bookings/{booking.pk}/", **AT_HOME).content.decode()

    assert f'data-stream="{STREAM}"' in page
    assert f'data-watch="booking={booking.pk}&amp;seen=0"' in page
    assert 'data-watch="fleet=current"' in as_manager.get("/", **AT_HOME).content.decode()


def test_without_a_stream_none_is_named(as_manager, booking):
    assert "data-stream" not in as_manager.get(f"/bookings/{booking.pk}/").content.decode()


def test_nor_at_another_address_than_the_portals_own(as_manager, settings):
    settings.LIVE_URL = STREAM
    assert "data-stream" not in as_manager.get("/", HTTP_HOST="localhost").content.decode()


def test_nor_to_people_who_are_not_logged_in(client, db, settings):
    settings.LIVE_URL = STREAM
    assert "data-stream" not in client.get("/account/login/", **AT_HOME).content.decode()


@pytest.mark.parametrize(
    ("live_url", "sources"),
    [
        ("", "'self'"),
        ("https://chargebook.example/live", "'self'"),
        (STREAM, "'self' https://live.example"),
    ],
)
def test_pages_may_connect_to_it_and_nowhere_else(client, db, settings, live_url, sources):
    settings.SITE_URL, settings.LIVE_URL = "https://chargebook.example", live_url
    policy = client.get("/account/login/")["Content-Security-Policy"]

    assert f"connect-src {sources};" in policy
