"""A session's page: what the operator tells of it, mirrored and as somebody looks."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.utils.timezone import now

from bookings.models import BookingRequest
from charging.models import Session, Transaction
from sandbox.world.tariffs import Tariff, TariffGroup
from tests.charging.charged import text_of
from tests.factories import BookingFactory, BookingRequestFactory, SessionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_manager(client, manager):
    client.force_login(manager)
    return client


@pytest.fixture
def tariff(operator) -> Tariff:
    """What a charge costs at the charger."""
    made = Tariff(1, "Pier, fast", "duration+energy", "USD", [{"pricePerKwh": 0.32}], now())
    operator.tariffs[1] = made
    operator.tariff_groups[9] = TariffGroup(9, "Pier", [1], now())
    operator.evses[301].tariff_group_id = 9
    return made


@pytest.fixture
def paid_session(charged, sync, tariff) -> Session:
    """A charge of an hour, days ago, paid by now."""
    charged()
    sync()
    return Session.objects.get()


def page_of(session: Session) -> str:
    return f"/charging/{session.pk}/"


def test_its_course_price_and_payment(as_manager, paid_session, wire):
    page = as_manager.get(page_of(paid_session))
    text = text_of(page)
    assert "The same as a table" in text
    assert "Power and energy over the session" in text
    assert page.content.decode().count('<tr><th scope="row">') > 5
    for told in ("20.0 kWh", "Energy", "Together, with tax", "Without tax", "Paid"):
        assert told in text
    assert "Only what the operator has closed counts as paid." in text
    assert wire.count("consumption-stats") == 1


def test_who_looks_again_asks_nobody(as_manager, paid_session, wire):
    as_manager.get(page_of(paid_session))
    calls = len(wire.sent)
    as_manager.get(page_of(paid_session))
    assert len(wire.sent) == calls


def test_its_tariff_as_it_was_when_it_began(as_manager, paid_session, tariff, wire):
    tariff.versions.append({"pricePerKwh": 0.99})
    text = text_of(as_manager.get(page_of(paid_session)))
    assert "Tariff when the session began: Pier, fast" in text
    assert "0.32 USD per kWh." in text
    assert "0.99" not in text
    assert wire.count("tariff-snapshots") == 1


@pytest.mark.parametrize("what", ["consumption-stats", "receipts", "tariffs"])
def test_what_may_not_be_read_is_left_out(as_manager, paid_session, operator, what):
    operator.forbidden = [what]
    page = as_manager.get(page_of(paid_session))
    assert page.status_code == 200
    text = text_of(page)
    assert "forbidden" not in text.casefold()
    if what == "receipts":
        assert "Receipt" not in text
    elif what == "tariffs":
        assert "Tariff when" not in text
    else:
        assert "How power and energy went is not known." in text


def test_the_operator_being_away_keeps_nobody_from_it(as_manager, paid_session, operator):
    operator.faults.add("rate-limited", seconds=60)
    text = text_of(as_manager.get(page_of(paid_session)))
    assert "20.0 kWh" in text


def test_its_receipt_is_the_operators(as_manager, paid_session, settings):
    assert paid_session.ampeco_receipt_id is not None
    page = as_manager.get(page_of(paid_session))
    link = f"{page_of(paid_session)}receipt/"
    assert f'href="{link}"' in page.content.decode()
    # The address itself stands on no page: it is for a short while.
    assert "signature=" not in page.content.decode()
    answer = as_manager.get(link)
    assert answer.status_code == 302
    assert "/receipts/" in answer.url
    assert settings.AMPECO_API_TOKEN not in answer.url
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Referrer-Policy"] == "no-referrer"


def test_a_receipt_that_is_not_given_out_leads_back(as_manager, paid_session, operator):
    operator.forbidden = ["receipts"]
    answer = as_manager.get(f"{page_of(paid_session)}receipt/", follow=True)
    assert answer.redirect_chain[-1][0] == page_of(paid_session)
    assert "does not give out this receipt" in text_of(answer)


def test_while_it_goes_on(as_manager, fleet, operator):
    session = SessionFactory(
        fleet=fleet,
        started_at=now() - timedelta(minutes=30),
        stopped_at=None,
        status="active",
        amount=None,
    )
    page = as_manager.get(page_of(session)).content.decode()
    assert "data-look-every" in page
    assert "The price is known once it has ended." in page
    part = as_manager.get(page_of(session), headers={"HX-Request": "true"}).content.decode()
    assert 'id="session-course"' in part
    assert "session-price" not in part
    Session.objects.update(status="finished", stopped_at=now())
    cache.clear()
    # What came with the end stands elsewhere on the page.
    last = as_manager.get(page_of(session), headers={"HX-Request": "true"})
    assert last["HX-Refresh"] == "true"
    assert "data-look-every" not in as_manager.get(page_of(session)).content.decode()


def test_only_what_is_finalized_is_paid(as_manager, fleet, operator):
    session = SessionFactory(fleet=fleet, payment=Session.Payment.PENDING)
    Transaction.objects.create(
        ampeco_id=1,
        session=session,
        number="T-1",
        status="authorized",
        made_at=now(),
        amount=Decimal(12),
        currency="EUR",
    )
    text = text_of(as_manager.get(page_of(session)))
    assert "Payment pending" in text
    assert "Authorised" in text


def test_from_a_booking_and_back(as_manager, fleet, operator, ampeco_client):
    booking = BookingFactory(accepted=True, fleet=fleet, status="completed")
    booking.charging_session = None
    session = SessionFactory(fleet=fleet, driver=booking.driver, booking=booking)
    from bookings.models import ChargingSession

    ChargingSession.objects.create(
        booking=booking, ampeco_session_id=session.ampeco_id, status="finished"
    )
    page = as_manager.get(f"/bookings/{booking.pk}/").content.decode()
    assert f'href="{page_of(session)}"' in page
    back = as_manager.get(page_of(session)).content.decode()
    assert f'href="/bookings/{booking.pk}/"' in back


def booked(fleet, **request) -> tuple[Session, BookingRequest]:
    booking = BookingFactory(accepted=True, fleet=fleet, status="completed")
    session = SessionFactory(fleet=fleet, driver=booking.driver, booking=booking)
    return session, BookingRequestFactory(booking=booking, status="approved", **request)


SHOWN = {"least": "16.00", "most": "16.00", "currency": "USD", "kwh": "30.0", "kw": "50.0"}


def test_what_it_was_estimated_to_cost_stands_beside_what_it_cost(as_manager, fleet):
    session, asked = booked(fleet, price_shown=SHOWN)
    text = text_of(as_manager.get(page_of(session)))
    told = text.split("What it cost", 1)[1].split("Payment", 1)[0]
    assert "12.00 EUR" in told
    assert "Estimated price 16.00 USD Estimated when it was asked for: 30.0 kWh at 50 kW" in told
    # In the same words as on the booking's page.
    of_booking = text_of(as_manager.get(f"/bookings/{asked.booking_id}/"))
    words = told[told.index("Estimated price") : told.index("at most.")]
    assert words in of_booking


def test_an_estimate_is_that_of_the_last_change_that_was_made(as_manager, fleet):
    session, asked = booked(fleet, price_shown=SHOWN)
    for status, amount in (("approved", "18.50"), ("rejected", "99.00")):
        BookingRequestFactory(
            booking=asked.booking,
            kind="update",
            status=status,
            price_shown=SHOWN | {"least": amount, "most": amount},
        )
    text = text_of(as_manager.get(page_of(session)))
    assert "Estimated price 18.50 USD" in text
    assert "99.00" not in text


def test_without_an_estimate_there_is_none(as_manager, fleet, paid_session):
    for session in (paid_session, booked(fleet, price_shown=None)[0]):
        assert "Estimated price" not in text_of(as_manager.get(page_of(session)))


@pytest.mark.parametrize(
    "part",
    [
        "nonsense",
        {},
        {"type": "energy", "unit": "kwh", "quantity": "NaN", "price": "x", "tax_percent": None},
        {"type": "brand_new_fee", "unit": "day", "quantity": "2", "price": "1.50"},
    ],
)
def test_a_breakdown_that_nobody_knows_breaks_nothing(as_manager, fleet, operator, part):
    session = SessionFactory(fleet=fleet, price_breakdown=[part])
    page = as_manager.get(page_of(session))
    assert page.status_code == 200
    if isinstance(part, dict) and part.get("type") == "brand_new_fee":
        assert "brand new fee" in text_of(page)


def test_it_goes_by_the_currency(as_manager, fleet, operator):
    session = SessionFactory(
        fleet=fleet,
        currency="JPY",
        amount=Decimal(1200),
        amount_without_tax=Decimal(1091),
        tax_percent=Decimal(10),
    )
    text = text_of(as_manager.get(page_of(session)))
    assert "1,200 JPY" in text
    assert "Tax (10 %) 109 JPY" in text
