"""Stores the operator's users as a fleet's drivers, many at once, in few queries.

Every function expects to run in a transaction. Rows are locked in the order of their AMPECO ids, so
that two runs that store the same drivers wait for each other instead of deadlocking.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ampeco.types import PartnerInvite, User
from drivers.models import Driver, Fleet, FleetDriver, PrivateAccess
from mirror.search import search_key
from upstream.emails import email_key

LONGEST_EMAIL = 254
# So that no query has more parameters than a database takes.
AT_ONCE = 500
READ = ("email", "first_name", "last_name", "locale", "status", "search_text")


@dataclass(frozen=True, slots=True)
class Belonging:
    """A user who belongs to the fleet, with their accepted invites.

    `knows_all` says whether the invites of all partners are known, or the fleet's alone.
    """

    user: User
    accepted: tuple[PartnerInvite, ...]
    knows_all: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """What came of storing drivers: how many were new to the fleet or back, and how many differ."""

    drivers: list[Driver]
    joined: int = 0
    changed: int = 0


def is_storable(user: User) -> bool:
    return "@" in user.email and len(user.email) <= LONGEST_EMAIL


def store_drivers(fleet: Fleet, belonging: Sequence[Belonging], *, now: datetime) -> Stored:
    """Write drivers, their belonging to the fleet and what private charge points they may use.

    Those who were erased stay so, and are not among the drivers that are returned.
    """
    if not belonging:
        return Stored(drivers=[])
    rows = sorted((_row(one.user, now=now) for one in belonging), key=lambda r: r.ampeco_user_id)
    known = {
        driver.ampeco_user_id: driver
        for driver in Driver.objects.select_for_update(no_key=True)
        .filter(ampeco_user_id__in=[row.ampeco_user_id for row in rows])
        .order_by("ampeco_user_id")
    }
    erased = {key for key, driver in known.items() if driver.is_erased}
    rows = [row for row in rows if row.ampeco_user_id not in erased]
    belonging = [one for one in belonging if one.user.id not in erased]
    if not rows:
        return Stored(drivers=[])
    changed = sum(
        any(getattr(known[row.ampeco_user_id], name) != getattr(row, name) for name in READ)
        for row in rows
        if row.ampeco_user_id in known
    )
    Driver.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["ampeco_user_id"],
        update_fields=[*READ, "synced_at"],
    )
    pks = dict(
        Driver.objects.filter(ampeco_user_id__in=[row.ampeco_user_id for row in rows]).values_list(
            "ampeco_user_id", "pk"
        )
    )
    for row in rows:
        row.pk = pks[row.ampeco_user_id]
    joined = _join(fleet, rows)
    _store_access(fleet, belonging, pks=pks)
    return Stored(drivers=rows, joined=joined, changed=changed)


def release(fleet: Fleet, drivers: Iterable[int], *, now: datetime) -> int:
    """Let drivers of these keys go from the fleet, not from others; return how many were in it."""
    pks, left = sorted(drivers), 0
    for first in range(0, len(pks), AT_ONCE):
        some = pks[first : first + AT_ONCE]
        PrivateAccess.objects.filter(
            ampeco_partner_id=fleet.ampeco_partner_id, driver__in=some
        ).delete()
        gone = FleetDriver.objects.filter(fleet=fleet, left_at__isnull=True, driver__in=some)
        left += gone.update(left_at=now)
    return left


def _row(user: User, *, now: datetime) -> Driver:
    email = email_key(user.email)
    first_name, last_name = _fitted(user.first_name, 150), _fitted(user.last_name, 150)
    return Driver(
        ampeco_user_id=user.id,
        email=email,
        first_name=first_name,
        last_name=last_name,
        locale=_fitted(user.locale, 16),
        status=user.status if user.status in Driver.Status.values else Driver.Status.UNKNOWN,
        search_text=search_key(first_name, last_name, email),
        synced_at=now,
    )


def _fitted(text: str, length: int) -> str:
    return text[:length]


def _join(fleet: Fleet, drivers: Sequence[Driver]) -> int:
    """Make the drivers current ones of the fleet; return how many were not.

    Who comes back belongs to it from now on: what they did in between is none of its business.
    """
    pks = [driver.pk for driver in drivers]
    current = set(
        FleetDriver.objects.filter(fleet=fleet, driver__in=pks, left_at__isnull=True).values_list(
            "driver_id", flat=True
        )
    )
    missing = [pk for pk in pks if pk not in current]
    if missing:
        FleetDriver.objects.bulk_create(
            [FleetDriver(fleet=fleet, driver_id=pk, left_at=None) for pk in missing],
            update_conflicts=True,
            unique_fields=["fleet", "driver"],
            update_fields=["added_at", "left_at"],
        )
    return len(missing)


def _store_access(fleet: Fleet, belonging: Sequence[Belonging], *, pks: dict[int, int]) -> None:
    wanted = {
        (pks[one.user.id], invite.partner_id)
        for one in belonging
        for invite in one.accepted
        if invite.allow_private_charge_points
    }
    judged = {pks[one.user.id] for one in belonging if one.knows_all}
    present: set[tuple[int, int]] = set()
    gone = []
    for pk, driver, partner in PrivateAccess.objects.filter(driver__in=pks.values()).values_list(
        "pk", "driver_id", "ampeco_partner_id"
    ):
        present.add((driver, partner))
        is_judged = driver in judged or partner == fleet.ampeco_partner_id
        if is_judged and (driver, partner) not in wanted:
            gone.append(pk)
    if gone:
        PrivateAccess.objects.filter(pk__in=gone).delete()
    if new := sorted(wanted - present):
        PrivateAccess.objects.bulk_create(
            [PrivateAccess(driver_id=driver, ampeco_partner_id=partner) for driver, partner in new],
            ignore_conflicts=True,
        )
