"""Matches anew what the mirrors have read: some queries for each kind, however many rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from energy.links import matching
from energy.links.kinds import PAIRINGS, Kind, Pairing
from energy.links.matching import Proposal
from energy.links.settling import Changes, Known, settle
from energy.models import Link, PastLink, Reading, RemoteVehicle
from sites.models import ChargePoint
from vehicles.models import Vehicle

State = Link.State
# What is matched anew when a kind of Ampcontrol's records has been read.
AFTER_READING: dict[str, list[str]] = {
    Reading.Kind.NETWORKS: [Kind.NETWORK],
    Reading.Kind.CHARGE_POINTS: [Kind.CHARGE_POINT, Kind.CONNECTOR, Kind.NETWORK],
    Reading.Kind.CONNECTORS: [Kind.CONNECTOR],
    Reading.Kind.VEHICLES: [Kind.VEHICLE],
    Reading.Kind.TAGS: [Kind.TAG],
}


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What came of it: how many links were made without asking, proposed, doubted, dropped."""

    confirmed: int = 0
    proposed: int = 0
    doubted: int = 0
    dropped: int = 0

    def __add__(self, other: "Refreshed") -> "Refreshed":
        return Refreshed(
            self.confirmed + other.confirmed,
            self.proposed + other.proposed,
            self.doubted + other.doubted,
            self.dropped + other.dropped,
        )


def refresh_links(kinds: Iterable[str] | None = None) -> Refreshed:
    """Link what nobody need be asked about, propose what may be, let go of vehicles that were sold.

    For the end of a run of the mirror, and after staff have decided. Two at once do no harm: what
    the other has written meanwhile, or a person decided, stays.
    """
    wanted = set(PAIRINGS if kinds is None else kinds)
    result = Refreshed()
    if Kind.VEHICLE in wanted:
        result += Refreshed(dropped=drop_links_of_sold_vehicles())
    # Connectors are matched where charge points are linked, networks by where those stand.
    for kind in (Kind.CHARGE_POINT, Kind.CONNECTOR, Kind.NETWORK, Kind.VEHICLE, Kind.TAG):
        if kind in wanted:
            result += _refresh(kind)
    return result


def refresh_after_reading(kind: str) -> None:
    """Match anew what the mirror has just read of Ampcontrol; ours may be new as well."""
    if kind in AFTER_READING:
        refresh_links(AFTER_READING[kind])


def drop_links_of_sold_vehicles(now: datetime | None = None) -> int:
    """Drop links of vehicles that were retired or have another fleet; return how many.

    What was Ampcontrol's of them until then stays to be seen by the fleet that they belonged to.
    """
    now = now or timezone.now()
    links = Link.objects.filter(kind=Kind.VEHICLE, state=State.CONFIRMED).exclude(
        vehicle__retired_at=None, vehicle__fleet=F("fleet")
    )
    with transaction.atomic():
        gone = list(
            links.select_for_update(of=("self",)).select_related("vehicle", "fleet").order_by("pk")
        )
        PastLink.objects.bulk_create(
            PastLink(
                remote_id=link.remote_id,
                vehicle=link.vehicle,
                fleet=link.fleet,
                counts_from=link.counts_from,
                ended_at=link.vehicle.retired_at or now,
            )
            for link in gone
            if link.vehicle is not None and link.fleet is not None
        )
        Link.objects.filter(pk__in=[link.pk for link in gone]).delete()
    return len(gone)


def terms_of_vehicles(pairs: Iterable[tuple[str, int]]) -> dict[tuple[str, int], dict[str, Any]]:
    """Return whose links of vehicles are, and from when they count: the columns, by pair.

    What a vehicle did for another fleet before is not its new one's to see.
    """
    pairs = list(pairs)
    fleets = dict(
        Vehicle.objects.filter(pk__in=[here for _there, here in pairs]).values_list("pk", "fleet")
    )
    ended: dict[str, list[tuple[int, datetime]]] = {}
    past = PastLink.objects.filter(remote_id__in=[there for there, _here in pairs])
    for remote_id, fleet, at in past.values_list("remote_id", "fleet").annotate(Max("ended_at")):
        ended.setdefault(remote_id, []).append((fleet, at))
    terms = {}
    for there, here in pairs:
        fleet = fleets.get(here)
        others = [at for owner, at in ended.get(there, []) if owner != fleet]
        terms[there, here] = {"fleet_id": fleet, "counts_from": max(others, default=None)}
    return terms


def _refresh(kind: str) -> Refreshed:
    pairing = PAIRINGS[kind]
    there = pairing.there.records()
    known = _known(kind, pairing)
    if not there and not known:
        return Refreshed()
    here = pairing.here.records()
    changes = settle(
        _proposals(kind, there, here),
        known,
        there={one.id for one in there},
        here={one.id for one in here},
        several_here=pairing.several_here,
        several_there=pairing.several_there,
    )
    return _write(kind, pairing, changes, known)


def _known(kind: str, pairing: Pairing) -> list[Known]:
    columns = ("pk", "remote_id", pairing.ours, "state", "evidence", "decided_at", "doubt")
    return [
        Known(
            pk=pk,
            there=there,
            here=here,
            state=state,
            evidence=tuple(evidence),
            undone=state == State.PROPOSED and decided_at is not None,
            doubt=doubt,
        )
        for pk, there, here, state, evidence, decided_at, doubt in Link.objects.filter(
            kind=kind
        ).values_list(*columns)
    ]


def _proposals(kind: str, there: list[Any], here: list[Any]) -> list[Proposal]:
    if kind == Kind.CHARGE_POINT:
        return matching.match_charge_points(there, here)
    if kind == Kind.VEHICLE:
        return matching.match_vehicles(there, here, _groups_of_fleets())
    if kind == Kind.TAG:
        return matching.match_tags(there, here)
    linked = _linked_charge_points()
    if kind == Kind.CONNECTOR:
        return matching.match_connectors(there, here, linked)
    networks = dict(
        PAIRINGS[Kind.CHARGE_POINT].there.living().values_list("remote_id", "network__remote_id")
    )
    sites = dict(ChargePoint.objects.filter(retired_at=None).values_list("pk", "location"))
    votes = [
        (networks[one], sites[other]) for one, other in linked if one in networks and other in sites
    ]
    return matching.match_networks(there, here, votes)


def _groups_of_fleets() -> set[tuple[str, int]]:
    """Return the groups there of which people have linked a vehicle with a fleet, with that fleet.

    Not those of which another fleet has a vehicle as well, or had one that nobody has now: there
    a group does not tell whose a vehicle is. Links made without asking vouch for no others.
    """
    fleets_of: dict[str, set[int]] = {}
    for remote_id, fleet in PastLink.objects.values_list("remote_id", "fleet"):
        fleets_of.setdefault(remote_id, set()).add(fleet)
    by_people = set()
    links = Link.objects.filter(kind=Kind.VEHICLE, state=State.CONFIRMED, fleet__isnull=False)
    for remote_id, fleet, decided_at in links.values_list("remote_id", "fleet", "decided_at"):
        fleets_of[remote_id] = {fleet} if fleet is not None else set()
        if decided_at is not None:
            by_people.add(remote_id)
    fleets: dict[str, set[int]] = {}
    vouched = set()
    groups = RemoteVehicle.objects.exclude(group="").values_list("remote_id", "group")
    for remote_id, group in groups:
        fleets.setdefault(group, set()).update(fleets_of.get(remote_id, ()))
        if remote_id in by_people:
            vouched.add(group)
    return {(group, min(fleets[group])) for group in vouched if len(fleets[group]) == 1}


def _linked_charge_points() -> list[tuple[str, int]]:
    links = Link.objects.filter(kind=Kind.CHARGE_POINT, state=State.CONFIRMED)
    return [
        (there, here)
        for there, here in links.values_list("remote_id", "charge_point")
        if here is not None
    ]


@transaction.atomic
def _write(kind: str, pairing: Pairing, changes: Changes, known: list[Known]) -> Refreshed:
    """Write changes, but for what people have decided meanwhile: a row that is there wins."""
    ours = f"{pairing.ours}_id"
    proposed = {link.pair: link.pk for link in known if link.state == State.PROPOSED}
    sure = [proposed.get((one.there, one.here)) for one in changes.confirm]
    gone = [*changes.drop, *(pk for pk in sure if pk is not None)]
    if gone:
        Link.objects.filter(Q(decided_at=None) | Q(pk__in=changes.drop)).filter(
            pk__in=gone, state=State.PROPOSED
        ).delete()
    terms = (
        terms_of_vehicles((one.there, one.here) for one in changes.confirm)
        if kind == Kind.VEHICLE and changes.confirm
        else {}
    )
    Link.objects.bulk_create(
        [
            Link(
                kind=kind,
                remote_id=one.there,
                state=state,
                evidence=list(one.evidence),
                **{ours: one.here},
                **(terms.get((one.there, one.here), {}) if state == State.CONFIRMED else {}),
            )
            for state, found in (
                (State.CONFIRMED, changes.confirm),
                (State.PROPOSED, changes.propose),
            )
            for one in found
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )
    Link.objects.bulk_update(
        [Link(pk=pk, evidence=list(words)) for pk, words in sorted(changes.reword.items())],
        ["evidence"],
        batch_size=500,
    )
    for doubt in {*changes.doubts.values()}:
        links = [pk for pk, found in changes.doubts.items() if found == doubt]
        Link.objects.filter(pk__in=links, state=State.CONFIRMED).update(doubt=doubt)
    return Refreshed(
        confirmed=len(changes.confirm),
        proposed=len(changes.propose),
        doubted=sum(1 for doubt in changes.doubts.values() if doubt),
        dropped=len(changes.drop),
    )
