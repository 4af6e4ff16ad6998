"""The sent e-mails of a fleet, newest first. Every read starts at the fleet."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Upper

from accounts.models import User
from drivers.models import Driver, Fleet
from mirror.search import with_words
from notifications.models import Notification
from shell.keys import RowCursor

PAGE_SIZE = 50
# Among so many mails of all fleets the next page is looked for first.
WINDOW = 20_000
MOST_PEOPLE = 200


@dataclass(frozen=True, slots=True)
class SentPage:
    """Some mails, and where the list goes on in both directions."""

    mails: list[Notification]
    previous: RowCursor | None
    next: RowCursor | None


def list_sent(
    fleet: Fleet, *, narrowed: Mapping[str, str], cursor: RowCursor | None = None
) -> SentPage:
    """Return a page of what a fleet's managers and drivers were sent, and of what waits.

    It may be `narrowed` by kind, state and to whom.
    """
    backwards = cursor is not None and cursor.backwards
    mails = _narrow(Notification.objects.all(), fleet, narrowed)
    keys = _keys(mails, fleet, cursor, backwards=backwards)
    more = len(keys) > PAGE_SIZE
    rows = list(
        Notification.objects.filter(pk__in=keys[:PAGE_SIZE])
        .select_related(
            "booking__location",
            "booking__driver",
            "wish_event__wish__location",
            "budget_warning__budget__cost_centre",
            "recipient_user",
            "recipient_driver",
        )
        .order_by("-pk")
    )
    has_previous = more if backwards else cursor is not None
    has_next = True if backwards else more
    return SentPage(
        mails=rows,
        previous=RowCursor(rows[0].pk, backwards=True) if rows and has_previous else None,
        next=RowCursor(rows[-1].pk, backwards=False) if rows and has_next else None,
    )


def _keys(
    mails: QuerySet[Notification], fleet: Fleet, cursor: RowCursor | None, *, backwards: bool
) -> list[int]:
    """Return the keys of the next page, and of one more mail if there is one.

    They are mostly found by walking a short stretch of all mails. For a fleet that has had none for
    long that walk would go through most of the table, so the rest is found by the fleet's bookings
    or by what the list is narrowed to: a computed order is none that could be walked in. What tells
    of bookings, wishes, budgets and months is found apart then: an “or” would be found by no index.
    """
    of_bookings, of_wishes = Q(booking__fleet=fleet), Q(wish_event__wish__fleet=fleet)
    of_budgets, of_months = Q(budget_warning__budget__fleet=fleet), Q(fleet=fleet)
    if cursor is not None:
        mails = mails.filter(pk__gt=cursor.pk) if backwards else mails.filter(pk__lt=cursor.pk)
        edge = cursor.pk
    else:
        edge = Notification.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    near = mails.filter(pk__lte=edge + WINDOW) if backwards else mails.filter(pk__gte=edge - WINDOW)
    nearest = near.filter(of_bookings | of_wishes | of_budgets | of_months).order_by(
        "pk" if backwards else "-pk"
    )
    keys = list(nearest.values_list("pk", flat=True)[: PAGE_SIZE + 1])
    if len(keys) > PAGE_SIZE:
        return keys
    place = F("pk") + 0
    every = mails.order_by(place.asc() if backwards else place.desc())
    found = [
        pk
        for whose in (of_bookings, of_wishes, of_budgets, of_months)
        for pk in every.filter(whose).values_list("pk", flat=True)[: PAGE_SIZE + 1]
    ]
    return sorted(found, reverse=not backwards)[: PAGE_SIZE + 1]


def _narrow(
    mails: QuerySet[Notification], fleet: Fleet, narrowed: Mapping[str, str]
) -> QuerySet[Notification]:
    if narrowed.get("kind"):
        mails = mails.filter(kind=narrowed["kind"])
    if narrowed.get("state"):
        mails = mails.filter(state=narrowed["state"])
    if narrowed.get("to"):
        addresses = _addresses_of(fleet, narrowed["to"])
        mails = mails.alias(address=Upper("recipient_email")).filter(address__in=addresses)
    return mails


def _addresses_of(fleet: Fleet, text: str) -> list[str]:
    drivers = with_words(Driver.objects.filter(fleet_drivers__fleet=fleet), text)
    users = User.objects.filter(memberships__fleet=fleet)
    for word in text.split():
        users = users.filter(Q(name__icontains=word) | Q(email__icontains=word))
    found = {text.strip()}
    found |= set(drivers.values_list("email", flat=True)[:MOST_PEOPLE])
    found |= set(users.values_list("email", flat=True)[:MOST_PEOPLE])
    return [address.upper() for address in found]
