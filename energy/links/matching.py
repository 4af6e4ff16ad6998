"""Finds which of Ampcontrol's records may be which of ours: pure, whatever the order of the rows.

Of each kind one rule alone is exact; what it finds is sure where there is no other like it on
either side. Names are never looked at: two depots have a “Charger 1” each.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from math import asin, cos, radians, sin, sqrt
from typing import Any

from energy.links import evidence as word
from energy.links.records import (
    ChargePointHere,
    ChargePointThere,
    ConnectorThere,
    EvseHere,
    NetworkThere,
    SiteHere,
    TagHere,
    TagThere,
    VehicleHere,
    VehicleThere,
)

# What more records than this share, such as a serial number of zeros, tells nothing.
MOST_ALIKE = 5
VIN_LENGTH = 17
NEAR_METRES = 300
EARTH_METRES = 6_371_000
# So many metres is a degree of latitude at least.
METRES_A_DEGREE = 110_000


@dataclass(frozen=True, slots=True, order=True)
class Proposal:
    """A pair that may be one, and why; `sure` where it is exact.

    Nobody need be asked then, unless it `asks` all the same: whose it is only people can say.
    """

    there: str
    here: int
    evidence: tuple[str, ...]
    sure: bool = False
    asks: bool = False


@dataclass(frozen=True, slots=True)
class _Rule:
    """What is alike on both sides, as a key of each; "" is no key. `exact` may make sure.

    It says nothing more of a pair of which the rule that it is `instead_of` has said it.
    """

    word: str
    there: Callable[[Any], str]
    here: Callable[[Any], str]
    exact: bool = False
    instead_of: str = ""


def match_charge_points(
    there: Collection[ChargePointThere], here: Collection[ChargePointHere]
) -> list[Proposal]:
    rules = [
        _Rule(
            word.OCPP_ID,
            lambda one: one.ocpp_id.strip(),
            lambda one: one.ocpp_id.strip(),
            exact=True,
        ),
        _Rule(
            word.OCPP_ID_CASE, lambda one: _folded(one.ocpp_id), lambda one: _folded(one.ocpp_id)
        ),
        _Rule(
            word.SERIAL_NUMBER,
            lambda one: _folded(one.serial_number),
            lambda one: _folded(one.serial_number),
        ),
    ]
    found = _by_rules(rules, there, here)
    # Who is alike to the letter is so without looking at capitals as well.
    return [
        Proposal(
            one.there,
            one.here,
            tuple(
                each
                for each in one.evidence
                if each != word.OCPP_ID_CASE or word.OCPP_ID not in one.evidence
            ),
            one.sure,
        )
        for one in found
    ]


def match_connectors(
    there: Iterable[ConnectorThere],
    here: Iterable[EvseHere],
    charge_points: Iterable[tuple[str, int]],
) -> list[Proposal]:
    """Match connectors and EVSEs by number, at the pairs of charge points that are linked.

    Where one side has more of them, as with several connectors an EVSE over OCPP 2.0.1, nothing
    is sure.
    """
    connectors, evses = defaultdict(list), defaultdict(list)
    for connector in there:
        connectors[connector.charge_point].append(connector)
    for evse in here:
        evses[evse.charge_point].append(evse)
    found = []
    for charge_point_there, charge_point_here in charge_points:
        theirs, ours = connectors[charge_point_there], evses[charge_point_here]
        alike = _alike(
            [(one.id, str(one.number)) for one in theirs],
            [(one.id, _ocpp_number(one.network_id)) for one in ours],
        )
        equal = len(theirs) == len(ours)
        for one, other, unique in alike:
            words = [word.CONNECTOR_NUMBER, word.UNIQUE if unique else word.DUPLICATE]
            if not equal:
                words[1:] = [word.COUNTS_DIFFER]
            found.append(Proposal(one, other, tuple(words), sure=unique and equal))
    return sorted(found)


def match_vehicles(
    there: Collection[VehicleThere],
    here: Collection[VehicleHere],
    groups: Collection[tuple[str, int]] = (),
) -> list[Proposal]:
    """Match vehicles. `groups` are pairs of a group there and the one fleet whose it is.

    A VIN can be read through any windscreen, so whoever enters it need not own the vehicle:
    people are asked about the first of a group, and the others of that group and fleet follow.
    """
    rules = [
        _Rule(word.VIN, lambda one: _vin(one.vin), lambda one: _vin(one.vin), exact=True),
        _Rule(word.SHORT_VIN, lambda one: _short_vin(one.vin), lambda one: _short_vin(one.vin)),
        _Rule(
            word.CUSTOMER_NUMBER,
            lambda one: _folded(one.customer_number),
            lambda one: _folded(one.number),
        ),
        _Rule(word.PLATE, lambda one: _signs(one.plate), lambda one: _signs(one.plate)),
    ]
    group_of = {one.id: one.group for one in there}
    fleet_of = {one.id: one.fleet for one in here}
    return [
        replace(one, asks=one.sure and (group_of[one.there], fleet_of[one.here]) not in groups)
        for one in _by_rules(rules, there, here)
    ]


def match_tags(there: Collection[TagThere], here: Collection[TagHere]) -> list[Proposal]:
    rules = [
        _Rule(word.TAG, lambda one: one.key, lambda one: one.key, exact=True),
        _Rule(word.TAG_BEGINNING, lambda one: one.key, lambda one: one.short_key),
    ]
    return _by_rules(rules, there, here)


def match_networks(
    there: Collection[NetworkThere],
    here: Collection[SiteHere],
    charge_points: Iterable[tuple[str, int]],
) -> list[Proposal]:
    """Match networks and sites by where their linked charge points stand, and by distance.

    `charge_points` holds the network and the site of each linked one. Never sure: a site may have
    several networks, a network several sites.
    """
    networks, sites = {one.id for one in there}, {one.id for one in here}
    votes = Counter(
        (network, site) for network, site in charge_points if network in networks and site in sites
    )
    of_network: Counter[str] = Counter()
    for (network, _site), number in votes.items():
        of_network[network] += number
    words: dict[tuple[str, int], list[str]] = defaultdict(list)
    for (network, site), number in votes.items():
        words[network, site].append(f"{word.VOTES}:{number}:{of_network[network]}")
    for network, site, metres in _near(there, here):
        words[network, site].append(f"{word.DISTANCE}:{metres}")
    return sorted(Proposal(*pair, tuple(found)) for pair, found in words.items())


def _by_rules(
    rules: Iterable[_Rule], there: Collection[Any], here: Collection[Any]
) -> list[Proposal]:
    words: dict[tuple[str, int], list[str]] = defaultdict(list)
    sure = set()
    for rule in rules:
        theirs = [(one.id, rule.there(one)) for one in there]
        ours = [(one.id, rule.here(one)) for one in here]
        for one, other, unique in _alike(theirs, ours):
            if rule.instead_of in words[one, other]:
                continue
            words[one, other].append(rule.word)
            if rule.exact:
                words[one, other].append(word.UNIQUE if unique else word.DUPLICATE)
            if rule.exact and unique:
                sure.add((one, other))
    return sorted(Proposal(*pair, tuple(found), pair in sure) for pair, found in words.items())


def _alike(
    there: Iterable[tuple[str, str]], here: Iterable[tuple[int, str]]
) -> Iterator[tuple[str, int, bool]]:
    """Yield the pairs with the same key, and whether no other has it on either side."""
    theirs, ours = defaultdict(list), defaultdict(list)
    for one, key in there:
        theirs[key].append(one)
    for other, key in here:
        ours[key].append(other)
    for key in theirs.keys() & ours.keys():
        if not key or len(theirs[key]) > MOST_ALIKE or len(ours[key]) > MOST_ALIKE:
            continue
        unique = len(theirs[key]) == 1 == len(ours[key])
        for one in theirs[key]:
            for other in ours[key]:
                yield one, other, unique


def _near(
    there: Iterable[NetworkThere], here: Iterable[SiteHere]
) -> Iterator[tuple[str, int, int]]:
    """Yield networks and sites less than 300 m apart, with the metres."""
    by_degree = defaultdict(list)
    for site in here:
        if site.latitude is not None and site.longitude is not None:
            by_degree[_band(site.latitude)].append((site.id, site.latitude, site.longitude))
    for network in there:
        if network.latitude is None or network.longitude is None:
            continue
        band = _band(network.latitude)
        for near in (band - 1, band, band + 1):
            for site_id, latitude, longitude in by_degree[near]:
                metres = _metres(network.latitude, network.longitude, latitude, longitude)
                if metres < NEAR_METRES:
                    yield network.id, site_id, round(metres)


def _band(latitude: float) -> int:
    return int(latitude * METRES_A_DEGREE // NEAR_METRES)


def _metres(latitude: float, longitude: float, other: float, other_longitude: float) -> float:
    a, b = radians(latitude), radians(other)
    half = sin((b - a) / 2) ** 2
    half += cos(a) * cos(b) * sin(radians(other_longitude - longitude) / 2) ** 2
    return 2 * EARTH_METRES * asin(min(1.0, sqrt(half)))


def _folded(text: str) -> str:
    return text.strip().casefold()


def _signs(text: str) -> str:
    return re.sub(r"[\W_]", "", text).upper()


def _vin(text: str) -> str:
    plain = _signs(text)
    return plain if len(plain) == VIN_LENGTH else ""


def _short_vin(text: str) -> str:
    plain = _signs(text)
    return plain if len(plain) != VIN_LENGTH else ""


def _ocpp_number(text: str) -> str:
    plain = text.strip()
    return str(int(plain)) if plain.isascii() and plain.isdigit() else ""
