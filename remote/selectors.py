"""What pages show of a booking's charger: what it may be told now, and what it was told."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.models import Actor, Booking
from bookings.wording.history import who_did
from remote.models import RemoteAction
from remote.rights import forbidden_kinds
from remote.rules import kinds_for, overruns, running_charge
from remote.wording import WORDS, Words, outcome_of
from shell.formats import time_in_zone

Kind = RemoteAction.Kind
Status = RemoteAction.Status

MOST_LINES = 6
# So long before its start a booking's page says that the charge can be started from there.
SOON = timedelta(minutes=15)
# So long before its start it looks whether that time has come.
AHEAD = timedelta(days=1)
# How often it looks again: while something is on its way, while what follows is read, while it is
# near, and before that.
AT_ONCE, SHORTLY, NOW_AND_THEN, SELDOM = "1s", "3s", "10s", "60s"
FOLLOWS_FOR = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that the charger may be told now."""

    kind: str
    words: Words
    url: str


@dataclass(frozen=True, slots=True)
class Line:
    """Something that it was told: what and by whom, how that stands, what the operator said."""

    at: datetime
    icon: str
    text: str
    outcome: str
    said: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """What a page shows, and where it looks again every `look_every` ("" for never).

    `note` is a sentence besides. Before a booking's time is near there is nothing in it.
    """

    booking: Booking
    url: str
    offers: tuple[Offer, ...]
    lines: tuple[Line, ...]
    note: str
    look_every: str

    @property
    def is_empty(self) -> bool:
        return not (self.offers or self.lines or self.note)

    @property
    def is_open(self) -> bool:
        return any(line.is_open for line in self.lines)

    @property
    def news(self) -> str:
        """How the last thing stands that it was told, to be read out."""
        return self.lines[0].outcome if self.lines else self.note


def panel_of(booking: Booking, *, reader: User, may: bool, now: datetime) -> Panel | None:
    """Return what a fleet's page about a booking shows; None for nothing.

    `may` says whether the reader may do more than look. Asks the database nothing for a booking
    whose time is not near.
    """
    return _panel(
        booking,
        may=may,
        now=now,
        who=lambda action: _who(action, reader),
        address=lambda page: reverse(f"remote:{page}", args=[booking.pk]),
    )


def driver_panel_of(booking: Booking, *, token: str, now: datetime) -> Panel | None:
    """Return what the driver's own page shows; nothing where the fleet does not let its drivers."""
    if not booking.fleet.drivers_may_start:
        return None
    return _panel(
        booking,
        may=True,
        now=now,
        who=_who_for_driver,
        address=lambda page: reverse(f"driver-page:{page}", args=[token]),
    )


def _panel(
    booking: Booking,
    *,
    may: bool,
    now: datetime,
    who: Callable[[RemoteAction], str],
    address: Callable[[str], str],
) -> Panel | None:
    if now < booking.start_at - SOON:
        may = may and Kind.START not in forbidden_kinds()
        comes = may and booking.holds_a_place and booking.start_at - AHEAD <= now
        return Panel(booking, address("panel"), (), (), "", SELDOM) if comes else None
    if booking.ampeco_booking_id is None:
        return None
    actions = list(
        RemoteAction.objects.filter(booking=booking)
        .select_related("user", "driver")
        .order_by("-created_at", "-pk")[:MOST_LINES]
    )
    goes_on = overruns(booking, now=now)
    runs = goes_on or booking.is_running(now)
    is_near = booking.is_confirmed and now < booking.start_at
    if not actions and not runs and not is_near:
        return None
    forbidden = forbidden_kinds()
    open_kinds = {action.kind for action in actions if not action.is_settled}
    kinds = kinds_for(booking, now=now) if may and runs else []
    offers = tuple(
        Offer(kind, WORDS[kind], address(kind))
        for kind in kinds
        if kind not in forbidden | open_kinds
    )
    note = ""
    if goes_on and may and Kind.STOP not in forbidden:
        note = _(
            "The time of this booking is over, but its charge goes on. It can be stopped here."
        )
    elif goes_on:
        note = _("The time of this booking is over, but its charge goes on.")
    elif runs and running_charge(booking):
        note = _("A charge is running.")
    elif is_near and may and Kind.START not in forbidden:
        note = _("From %(time)s on, the charge can be started from here.") % {
            "time": time_in_zone(booking.start_at, booking.zone)
        }
    if not (actions or offers or note):
        return None
    lines = tuple(
        Line(
            action.created_at,
            WORDS[action.kind].icon,
            str(WORDS[action.kind].asked) % {"who": who(action)},
            outcome_of(action),
            action.said,
            not action.is_settled,
        )
        for action in actions
    )
    pace = _pace(actions, runs or is_near, now=now)
    return Panel(booking, address("panel"), offers, lines, note, pace)


def _pace(actions: list[RemoteAction], keeps_up: bool, *, now: datetime) -> str:
    if any(not action.is_settled for action in actions):
        return AT_ONCE
    if any(action.settled_at and now - action.settled_at < FOLLOWS_FOR for action in actions):
        return SHORTLY
    return NOW_AND_THEN if keeps_up else ""


def _who(action: RemoteAction, reader: User) -> str:
    return who_did(action.asked_by, action.user, action.driver, reader=reader)


def _who_for_driver(action: RemoteAction) -> str:
    if action.asked_by == Actor.DRIVER:
        # Translators: as in “asked for by you”.
        return _("you")
    return _("your fleet") if action.asked_by == Actor.MANAGER else _("the operator’s staff")
