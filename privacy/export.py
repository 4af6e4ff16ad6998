"""Writes out everything that the portal keeps of a driver, for the driver.

One JSON document, row by row as the database gives them, so that its length costs no memory. Other
people are told by what they are (“manager”), not by name, and no secret is in it.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils import timezone

from accounts.models import User
from bookings.models import Booking, BookingEvent, BookingRequest, ChargerReport
from bookings.models.booking import VALID_AFTER_END
from drivers.models import Driver, FleetMembership
from privacy.classification import Kind, columns_of
from privacy.people import OfDriver, mails_to_user
from sites.models import FavouriteSite
from waiting.models import Wish

AT_ONCE = 500
THIS_DRIVER, ANOTHER_DRIVER = "this driver", "another driver"
# The portal's own bookkeeping, which says nothing of the driver.
BOOKKEEPING = frozenset(
    {
        "attempts",
        "lease_owner",
        "lease_until",
        "link_generation",
        "next_attempt_at",
        "number_key",
        "refresh_at",
        "reference_key",
        "search_text",
        "slot_key",
        "submission_key",
    }
)
# Other people: what they are is told by `actor`, `asked_by` and `audience`.
OTHERS = frozenset({"user", "created_by", "recipient_user"})

Section = tuple[str, Iterable[dict[str, Any]]]


def export_driver(driver: Driver, *, now: datetime | None = None) -> Iterator[str]:
    """Yield the document in pieces. Instants are UTC, energy is in kWh.

    The caller notes the export in the audit trail.
    """
    now = now or timezone.now()
    yield "{\n"
    head = {
        "about": (
            f"What {settings.PORTAL_NAME} keeps of a driver. The charging operator’s own platform "
            "holds a record besides, for which ask the operator."
        ),
        "written_at": now,
    }
    yield ",\n".join(f"  {_json(name)}: {_json(value)}" for name, value in head.items())
    for name, rows in sections(driver, now=now):
        yield f",\n  {_json(name)}: ["
        separator = "\n    "
        for row in rows:
            yield separator + _json(row)
            separator = ",\n    "
        yield "]" if separator == "\n    " else "\n  ]"
    yield "\n}\n"


def sections(driver: Driver, *, now: datetime) -> Iterator[Section]:
    """Yield the parts of the document, each with its rows."""
    theirs = OfDriver(driver)

    def named(row: Model) -> dict[str, Any]:
        return _row(row, driver=driver)

    def booked(row: Model) -> dict[str, Any]:
        assert isinstance(row, Booking)
        link_until = row.end_at + VALID_AFTER_END
        return named(row) | {"driver_page_opens_until": link_until if link_until > now else None}

    related: dict[type[Model], list[str]] = {
        Booking: ["fleet", "location", "evse", "driver", "vehicle"],
        BookingRequest: ["location", "evse", "driver", "previous_driver"],
        BookingEvent: ["driver"],
        Wish: ["fleet", "location", "evse", "driver"],
        ChargerReport: ["driver", "evse"],
    }

    def told(rows: QuerySet[Any], how: Callable[[Model], dict[str, Any]] = named) -> Any:
        rows = rows.select_related(*related.get(rows.model, [])) if rows.model in related else rows
        return map(how, rows.order_by("pk").distinct().iterator(chunk_size=AT_ONCE))

    yield "driver", [named(driver)]
    yield "fleets", told(theirs.fleets.select_related("fleet"))
    yield "private_charge_points_of_partners", told(theirs.private_access)
    yield "charging_cards", told(theirs.id_tags)
    yield "vehicles", told(theirs.vehicles.select_related("fleet", "home_site"))
    yield "series", told(theirs.series.select_related("fleet", "location"))
    yield "bookings", told(theirs.bookings, booked)
    yield "requests", told(theirs.requests)
    yield "history_of_requests", told(theirs.request_events)
    yield "history_of_bookings", told(theirs.events)
    yield "waiting_list", told(theirs.wishes)
    yield "history_of_waiting_list", told(theirs.wish_events)
    yield "reports_from_chargers", told(theirs.reports)
    yield "rows_of_tables", told(theirs.table_rows.select_related("vehicle", "location", "evse"))
    yield "charging_sessions", told(theirs.sessions)
    yield (
        "charges",
        told(
            theirs.charges.select_related(
                "fleet", "location", "evse", "vehicle", "cost_centre", "driver"
            )
        ),
    )
    yield "assignments_of_charges", told(theirs.assignments)
    yield "payments", told(theirs.payments)
    yield "mails", told(theirs.mails)
    yield "calendars", told(theirs.feeds.select_related("fleet"))
    user = User.objects.with_email(driver.email).first() if driver.email else None
    if user is not None:
        yield "log_in", [named(user)]
        yield "memberships", told(FleetMembership.objects.filter(user=user).select_related("fleet"))
        yield "sessions_of_log_in", told(UserSession.objects.filter(user=user))
        favourites = FavouriteSite.objects.filter(user=user).select_related("location")
        yield "favourite_sites", told(favourites)
        yield "mails_of_log_in", told(mails_to_user(user))


def file_name(driver: Driver) -> str:
    return f"driver-{driver.pk}.json"


def _row(row: Model, *, driver: Driver) -> dict[str, Any]:
    kinds = columns_of(row._meta.label)
    told: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        name = field.name
        if name in BOOKKEEPING or name in OTHERS or kinds.get(name, Kind.SECRET) is Kind.SECRET:
            continue
        value = getattr(row, field.attname)
        if field.is_relation and field.related_model is Driver:
            value = _which(value, driver)
        elif field.is_relation and name in row._state.fields_cache and value is not None:
            value = str(getattr(row, name))
        elif name == "changes":
            value = _changes(value, driver)
        told[name] = value
    return told


def _changes(changes: dict[str, Any], driver: Driver) -> dict[str, Any]:
    if "driver" not in changes:
        return changes
    return changes | {"driver": [_which(key, driver) for key in changes["driver"]]}


def _which(key: int | None, driver: Driver) -> str | None:
    if key is None:
        return None
    return THIS_DRIVER if key == driver.pk else ANOTHER_DRIVER


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    raise TypeError(type(value).__name__)
