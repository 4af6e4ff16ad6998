"""Which of Ampcontrol's records may be which of ours, by example and whatever there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy.links import matching, records
from energy.links.matching import Proposal

VIN = "WDB9634031L123456"


def charge_points(*there_and_here):
    there, here = there_and_here
    return matching.match_charge_points(
        [records.ChargePointThere(f"there-{n}", *one) for n, one in enumerate(there)],
        [records.ChargePointHere(n, *one) for n, one in enumerate(here)],
    )


GROUPS = [("vans", 1)]


def vehicles(there, here, group="vans", fleet=1):
    return matching.match_vehicles(
        [records.VehicleThere(f"there-{n}", *one, group) for n, one in enumerate(there)],
        [records.VehicleHere(n, *one, fleet) for n, one in enumerate(here)],
        GROUPS,
    )


@pytest.mark.parametrize(
    ("there", "here", "evidence", "sure"),
    [
        (("CP-1", ""), ("CP-1", ""), ("ocpp-id", "unique"), True),
        ((" CP-1 ", ""), ("CP-1", ""), ("ocpp-id", "unique"), True),
        (("cp-1", ""), ("CP-1", ""), ("ocpp-id-case",), False),
        (("other", "SN-1"), ("CP-1", "sn-1"), ("serial-number",), False),
        (("CP-1", "SN-1"), ("CP-1", "SN-1"), ("ocpp-id", "unique", "serial-number"), True),
    ],
)
def test_charge_points_by_ocpp_id_and_serial_number(there, here, evidence, sure):
    assert charge_points([there], [here]) == [Proposal("there-0", 0, evidence, sure)]


def test_what_is_there_twice_is_never_sure():
    twice = [("CP-1", ""), ("CP-1", "")]
    for found in (charge_points(twice, twice[:1]), charge_points(twice[:1], twice)):
        assert [(one.evidence, one.sure) for one in found] == [
            (("ocpp-id", "duplicate"), False)
        ] * 2


def test_what_many_have_and_what_is_empty_tells_nothing():
    zeros = [(f"{n}", "00000000") for n in range(9)]
    assert charge_points([("x", "00000000")], zeros) == []
    assert charge_points([("", " ")], [("", "")]) == []


@pytest.mark.parametrize(
    ("there", "here", "evidence", "sure"),
    [
        ((VIN, "", ""), (VIN.lower(), "14", ""), ("vin", "unique"), True),
        (("123", "", ""), ("123", "14", ""), ("short-vin",), False),
        (("", "Van 14", ""), ("", "van 14", ""), ("customer-number",), False),
        (("", "", "HH-AB 123"), ("", "14", "HH AB 123"), ("plate",), False),
        ((VIN, "14", ""), ("", "14", ""), ("customer-number",), False),
    ],
)
def test_vehicles_by_vin_number_and_plate(there, here, evidence, sure):
    assert vehicles([there], [here]) == [Proposal("there-0", 0, evidence, sure)]


@pytest.mark.parametrize(
    ("group", "fleet", "asks"),
    [("vans", 1, False), ("vans", 2, True), ("trucks", 1, True), ("", 1, True)],
)
def test_whose_a_vehicle_is_people_are_asked_unless_its_group_is_that_fleets(group, fleet, asks):
    (found,) = vehicles([(VIN, "", "")], [(VIN, "14", "")], group, fleet)
    assert (found.sure, found.asks, found.evidence) == (True, asks, ("vin", "unique"))


def test_without_any_group_everything_asks_and_what_is_not_sure_has_nothing_to_ask():
    there = [records.VehicleThere("a", VIN, "", "", "vans")]
    here = [records.VehicleHere(1, VIN, "", "", 1)]
    assert [one.asks for one in matching.match_vehicles(there, here)] == [True]
    assert not vehicles([("", "14", "")], [("", "14", "")], "trucks")[0].asks


def test_a_vin_that_two_fleets_have_entered_is_not_sure():
    found = vehicles([(VIN, "", "")], [(VIN, "1", ""), (VIN, "2", "")])
    assert [(one.here, one.sure) for one in found] == [(0, False), (1, False)]


def connectors(there, here, linked=(("cp", 7),)):
    return matching.match_connectors(
        [records.ConnectorThere(f"there-{n}", "cp", one) for n, one in enumerate(there)],
        [records.EvseHere(n, 7, one) for n, one in enumerate(here)],
        linked,
    )


def test_connectors_by_number_where_the_charge_point_is_linked():
    both = [Proposal(f"there-{n}", n, ("connector-number", "unique"), True) for n in (0, 1)]
    assert connectors([1, 2], ["1", "02"]) == both
    assert connectors([1, 2], ["1", "2"], linked=[("cp", 8)]) == []
    assert connectors([1], ["A1"]) == connectors([1], [""]) == []


def test_connectors_are_for_people_where_counts_differ_or_a_number_is_there_twice():
    assert connectors([1, 2], ["1"]) == [
        Proposal("there-0", 0, ("connector-number", "counts-differ"), False)
    ]
    assert not any(one.sure for one in connectors([1, 2], ["1", "1"]))


def test_tags_by_key_and_by_the_beginning_of_a_long_number():
    there = [records.TagThere("a", "k1"), records.TagThere("b", "k2"), records.TagThere("c", "")]
    here = [
        records.TagHere(1, "k1", ""),
        records.TagHere(2, "k9", "k2"),
        records.TagHere(3, "", ""),
    ]
    assert matching.match_tags(there, here) == [
        Proposal("a", 1, ("tag", "unique"), True),
        Proposal("b", 2, ("tag-beginning",), False),
    ]


def test_networks_by_votes_and_distance_and_never_sure():
    there = [records.NetworkThere("n", 52.52, 13.405), records.NetworkThere("far", None, None)]
    here = [
        records.SiteHere(1, 52.5218, 13.405),
        records.SiteHere(2, 52.53, 13.405),
        records.SiteHere(3, None, None),
    ]
    votes = [("n", 1), ("n", 1), ("n", 3), ("far", 2), ("gone", 1), ("n", 99)]
    assert matching.match_networks(there, here, votes) == [
        Proposal("far", 2, ("votes:1:1",)),
        Proposal("n", 1, ("votes:2:3", "distance:200")),
        Proposal("n", 3, ("votes:1:3",)),
    ]


def test_across_a_degree_and_the_equator_what_is_near_is_near():
    near = matching.match_networks(
        [records.NetworkThere("n", 0.0001, 179.9999)], [records.SiteHere(1, -0.0001, -179.9999)], []
    )
    assert [one.there for one in near] == ["n"]


keys = st.sampled_from(["", "A", "a", "B", " B", "C", VIN, VIN.lower()])
rows = st.lists(st.tuples(keys, keys, keys), max_size=8)


@given(there=rows, here=rows)
def test_of_what_is_sure_nothing_is_there_twice(there, here):
    for found in (
        vehicles(there, here),
        charge_points([r[:2] for r in there], [r[:2] for r in here]),
    ):
        sure = [one for one in found if one.sure]
        assert len({one.there for one in sure}) == len(sure) == len({one.here for one in sure})
        assert len({(one.there, one.here) for one in found}) == len(found)


@given(there=rows, here=rows)
def test_it_is_the_same_seen_from_either_side(there, here):
    there, here = [row[:2] for row in there], [row[:2] for row in here]
    forth = {(one.there, f"there-{one.here}", one.sure) for one in charge_points(there, here)}
    back = {(f"there-{one.here}", one.there, one.sure) for one in charge_points(here, there)}
    assert forth == back


@given(there=rows, here=rows, random=st.randoms())
def test_the_order_of_rows_does_not_matter(there, here, random):
    theirs = [records.VehicleThere(f"{n}", *one, "vans") for n, one in enumerate(there)]
    ours = [records.VehicleHere(n, *one, n % 2) for n, one in enumerate(here)]
    expected = matching.match_vehicles(theirs, ours, GROUPS)
    random.shuffle(theirs)
    random.shuffle(ours)
    assert matching.match_vehicles(theirs, ours, GROUPS) == expected
