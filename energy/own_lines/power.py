"""How much power a site may draw by AMPECO's circuits: pure, with the formula for staff."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from ampeco.types import Circuit

ROOT_OF_THREE = Decimal(3).sqrt()
CENT = Decimal("0.01")
WATTS_PER_KW = 1000
# Voltages that are named from a phase to neutral; all others are named between two phases.
TO_NEUTRAL = {Decimal(120), Decimal(230), Decimal(277), Decimal(110), Decimal(220)}

THREE_BETWEEN, THREE_TO_NEUTRAL, ONE = "three-between", "three-to-neutral", "one"
NO_VOLTAGE, NO_CURRENT, SHARED = "no-voltage", "no-current", "shared"
LIMITED_ELSEWHERE, OUTSIDE = "limited-elsewhere", "outside"
# With one of these there is no figure for the site.
PREVENTING = {NO_VOLTAGE, NO_CURRENT, SHARED}


@dataclass(slots=True)
class SitePower:
    """The circuits that bound a site, as evidence keeps them, and what is the matter."""

    circuits: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    outside: int = 0

    @property
    def kw(self) -> Decimal | None:
        """The power of all circuits together; None where one of them gives no figure."""
        if not self.circuits or PREVENTING & set(self.problems):
            return None
        return sum((Decimal(one["kw"]) for one in self.circuits), Decimal(0))

    @property
    def evidence(self) -> dict[str, Any]:
        """What a line keeps. `basis` is what staff confirm: amperes may change by themselves."""
        basis = [
            [one["id"], one["phases"], one["configuration"], one["volts"], one["formula"]]
            for one in self.circuits
        ]
        return {
            "circuits": self.circuits,
            "problems": self.problems,
            "outside": self.outside,
            "basis": basis,
        }


def power_of_sites(
    circuits: Collection[Circuit], site_of: Mapping[int, int]
) -> dict[int, SitePower]:
    """Return the power of each site with circuits; `site_of` has the site of each charge point.

    What counts is the topmost circuit, since those below it share its power. One that other sites
    share as well gives no figure for either.
    """
    known = {one.id: one for one in circuits}
    below: dict[int, set[int]] = {}
    for one in circuits:
        below.setdefault(_top(one, known), set()).update(one.charge_point_ids)
    sites: dict[int, SitePower] = {}
    inside: set[int] = set()
    for top in sorted(below):
        places = {site_of[one] for one in below[top] if one in site_of}
        inside |= below[top]
        for site in places:
            _add(sites.setdefault(site, SitePower()), known[top], shared=len(places) > 1)
    for charge_point, site in site_of.items():
        if site in sites and charge_point not in inside:
            sites[site].outside += 1
    for power in sites.values():
        if power.outside:
            power.problems.append(OUTSIDE)
    return sites


def power_of(circuit: Circuit) -> tuple[Decimal, str, Decimal] | None:
    """Return a circuit's kW, the formula's name and the volts; None where a figure is missing.

    Of a range of volts the lower one counts. Where it is not known between what a voltage is
    measured, the formula that gives less does.
    """
    volts = _volts(circuit.max_voltage)
    if volts is None or circuit.max_current is None:
        return None
    amperes = circuit.max_current
    if circuit.phases != "three_phase":
        return _kw(volts * amperes), ONE, volts
    if circuit.configuration == "star" and volts in TO_NEUTRAL:
        return _kw(3 * volts * amperes), THREE_TO_NEUTRAL, volts
    return _kw(ROOT_OF_THREE * volts * amperes), THREE_BETWEEN, volts


def formula_text(circuit: Mapping[str, Any]) -> str:
    """Return how a circuit's power was reckoned, such as “√3 × 400 V × 250 A = 173.21 kW”."""
    factors = {THREE_BETWEEN: "√3 × ", THREE_TO_NEUTRAL: "3 × ", ONE: ""}
    figures = {
        "factor": factors.get(str(circuit.get("formula")), ""),
        "volts": circuit.get("volts", "?"),
        "amperes": circuit.get("amperes", "?"),
        "kw": circuit.get("kw", "?"),
    }
    return _("%(factor)s%(volts)s V × %(amperes)s A = %(kw)s kW") % figures


def problem_texts(evidence: Mapping[str, Any]) -> list[str]:
    """Return what is the matter with a site's figures, in sentences."""
    texts = {
        NO_VOLTAGE: _("A circuit’s voltage is not known to AMPECO."),
        NO_CURRENT: _("A circuit’s current is not known to AMPECO."),
        SHARED: _(
            "A circuit also feeds chargers of other sites: its share for this one is unknown."
        ),
        LIMITED_ELSEWHERE: _("Somebody else’s system sets the limits of a circuit."),
        OUTSIDE: _("%(number)s of the site’s charge points are in no circuit.")
        % {"number": evidence.get("outside", 0)},
    }
    return [texts[word] for word in evidence.get("problems", []) if word in texts]


def _add(power: SitePower, circuit: Circuit, *, shared: bool) -> None:
    reckoned = power_of(circuit)
    if reckoned is None:
        power.problems.append(NO_CURRENT if _volts(circuit.max_voltage) else NO_VOLTAGE)
    if shared:
        power.problems.append(SHARED)
    if circuit.limited_elsewhere:
        power.problems.append(LIMITED_ELSEWHERE)
    kw, formula, volts = reckoned or ("", "", "")
    power.circuits.append(
        {
            "id": circuit.id,
            "name": circuit.name,
            "phases": circuit.phases,
            "configuration": circuit.configuration,
            "volts": str(volts),
            "amperes": "" if circuit.max_current is None else str(circuit.max_current),
            "formula": formula,
            "kw": str(kw),
        }
    )


def _top(circuit: Circuit, known: Mapping[int, Circuit]) -> int:
    """Return the circuit above all others; of circuits that go round in a ring the first."""
    path = [circuit.id]
    while True:
        parent = known[path[-1]].parent_id
        if parent is None or parent not in known:
            return path[-1]
        if parent in path:
            return min(path[path.index(parent) :])
        path.append(parent)


def _volts(text: str) -> Decimal | None:
    lower = text.partition("-")[0].strip()
    volts = Decimal(lower) if lower.isascii() and lower.isdigit() else Decimal(0)
    return volts or None


def _kw(watts: Decimal) -> Decimal:
    return (watts / WATTS_PER_KW).quantize(CENT)
