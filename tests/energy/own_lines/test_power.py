"""How much power circuits give a site: the formula by voltage and phases, and what prevents it."""

from decimal import Decimal

import pytest

from ampeco.types import Circuit
from energy.own_lines.power import formula_text, power_of, power_of_sites, problem_texts


def circuit(pk: int = 1, *charge_points: int, **more) -> Circuit:
    fields = {
        "name": f"Circuit {pk}",
        "parent_id": None,
        "phases": "three_phase",
        "configuration": "star",
        "max_voltage": "400",
        "max_current": Decimal(100),
        "limited_elsewhere": False,
    }
    return Circuit(id=pk, charge_point_ids=charge_points, **fields | more)


@pytest.mark.parametrize(
    ("phases", "configuration", "volts", "kw", "formula"),
    [
        ("three_phase", "star", "400", "69.28", "√3 × 400 V × 100 A = 69.28 kW"),
        ("three_phase", "star", "230", "69.00", "3 × 230 V × 100 A = 69.00 kW"),
        ("three_phase", "star", "220-240", "66.00", "3 × 220 V × 100 A = 66.00 kW"),
        ("three_phase", "star", "277", "83.10", "3 × 277 V × 100 A = 83.10 kW"),
        ("three_phase", "star", "208", "36.03", "√3 × 208 V × 100 A = 36.03 kW"),
        ("three_phase", "delta", "230", "39.84", "√3 × 230 V × 100 A = 39.84 kW"),
        ("single_phase", "star", "230", "23.00", "230 V × 100 A = 23.00 kW"),
        ("split_phase", "star", "240", "24.00", "240 V × 100 A = 24.00 kW"),
        ("unknown", "star", "400", "40.00", "400 V × 100 A = 40.00 kW"),
    ],
)
def test_the_formula_by_phases_and_voltage(phases, configuration, volts, kw, formula):
    one = circuit(1, 70, phases=phases, configuration=configuration, max_voltage=volts)
    power = power_of_sites([one], {70: 7})[7]
    assert power.kw == Decimal(kw)
    assert formula_text(power.circuits[0]) == formula


@pytest.mark.parametrize("missing", [{"max_voltage": ""}, {"max_current": None}])
def test_without_a_figure_there_is_none(missing):
    assert power_of(circuit(1, 70, **missing)) is None
    power = power_of_sites([circuit(1, 70, **missing), circuit(2, 71)], {70: 7, 71: 7})[7]
    assert power.kw is None
    assert len(problem_texts(power.evidence)) == 1


def test_circuits_side_by_side_add_up_and_those_below_share():
    board = circuit(1, max_current=Decimal(200))
    below = [circuit(2, 70, parent_id=1), circuit(3, 71, parent_id=2)]
    beside = circuit(4, 72)
    power = power_of_sites([*below, beside, board], {70: 7, 71: 7, 72: 7})[7]
    assert power.kw == Decimal("138.56") + Decimal("69.28")
    assert [one["id"] for one in power.circuits] == [1, 4]


def test_a_circuit_of_two_sites_gives_neither_a_figure():
    found = power_of_sites([circuit(1, 70, 80)], {70: 7, 80: 8})
    assert [found[site].kw for site in (7, 8)] == [None, None]
    assert "other sites" in problem_texts(found[7].evidence)[0]


def test_what_is_in_no_circuit_or_limited_elsewhere_is_said():
    power = power_of_sites([circuit(1, 70, limited_elsewhere=True)], {70: 7, 71: 7, 90: 9})[7]
    texts = problem_texts(power.evidence)
    assert power.kw == Decimal("69.28")
    assert any("Somebody else" in text for text in texts)
    assert any(text.startswith("1 of the site") for text in texts)


def test_circuits_in_a_ring_are_counted_once():
    ring = [circuit(5, 70, parent_id=6), circuit(6, 71, parent_id=5), circuit(2, 72, parent_id=5)]
    found = power_of_sites(ring, {70: 7, 71: 7, 72: 7})
    assert [one["id"] for one in found[7].circuits] == [5]


def test_the_order_of_circuits_does_not_matter():
    circuits = [circuit(1, 70), circuit(2, 71, parent_id=1), circuit(3, 72)]
    sites = {70: 7, 71: 7, 72: 8}
    forth, back = power_of_sites(circuits, sites), power_of_sites(circuits[::-1], sites)
    assert {site: one.evidence for site, one in forth.items()} == {
        site: one.evidence for site, one in back.items()
    }
