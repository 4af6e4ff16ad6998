"""What a slot is likely to cost by a tariff: no calls, no database."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from ampeco.types import Tariff
from ampeco.types.tariffs import (
    AVERAGE_POWER,
    ENERGY_TOU,
    FREE,
    NOT_ALLOWED,
    OPTIMISED,
    PEAK_POWER,
    TARIFF_TYPES,
)
from shell.formats import duration, kw, kwh, time_in_zone
from shell.money import minor_digits
from tariffs.engine.rates import Untold, has_fees
from tariffs.engine.sums import MICRO, Charge, sums_of
from tariffs.engine.terms import has_prices, terms
from tariffs.estimates import Component, Estimate, Need, Part

HUNDRED = 100
HOUR = timedelta(hours=1)
ORDER = list(Component)


@dataclass(frozen=True, slots=True)
class Tax:
    """What is known of tax: its rate, None where not, and whether prices have it in them."""

    percent: Decimal | None = None
    is_included: bool = True


def estimate(
    tariff: Tariff,
    *,
    start_at: datetime,
    end_at: datetime,
    zone: tzinfo,
    need: Need,
    tax: Tax | None = None,
) -> Estimate:
    """Return what a slot costs a vehicle that is plugged in all the time and charges at once.

    It charges with its power until it has what it needs, then it stands until `end_at`. Times of
    day are those of the site's zone. Raises ValueError for a slot that is empty or without zone.
    """
    if start_at.tzinfo is None or end_at.tzinfo is None or start_at >= end_at:
        raise ValueError("A slot begins before it ends, both in a zone.")
    tax = tax or Tax()
    found = Estimate(total=None, currency=tariff.currency, terms=terms(tariff))
    why_not = _why_not(tariff)
    if why_not:
        return replace(found, why_not=why_not, may_not_charge=tariff.type == NOT_ALLOWED)
    charge = _charge(tariff, start_at.astimezone(UTC), end_at.astimezone(UTC), zone, need)
    found = replace(found, kwh=_kwh(charge))
    if tariff.type == FREE:
        return replace(found, total=Decimal(0), tax=Decimal(0))
    try:
        sums = sums_of(tariff, charge)
    except Untold:
        return replace(found, why_not=_("The operator does not say what it costs at this time."))
    rate = 1 if tax.is_included or tax.percent is None else 1 + _percent(tax)
    parts = [
        Part(component, _rounded(sums[component] * rate, tariff.currency))
        for component in ORDER
        if component in sums
    ]
    total = sum((part.amount for part in parts), Decimal(0))
    least = _rounded(Fraction(tariff.pricing.min_price or 0) * rate, tariff.currency)
    if least > total:
        parts.append(Part(Component.MINIMUM, least - total))
        total = least
    return replace(
        found,
        total=total,
        parts=tuple(parts),
        tax=_tax_in(total, tariff.currency, tax),
        assumptions=_assumptions(tariff, charge, need, tax),
    )


def _why_not(tariff: Tariff) -> str:
    """Return why nothing can be estimated by a tariff whatever the slot, "" if it can."""
    if tariff.type == NOT_ALLOWED:
        return _("This driver may not charge here.")
    if tariff.type not in TARIFF_TYPES:
        return _("The operator reckons in a way that the portal does not know.")
    if tariff.type == OPTIMISED or (tariff.type == ENERGY_TOU and not has_fees(tariff, "energy")):
        return _("The price follows the electricity market.")
    if not has_prices(tariff):
        return _("The operator does not say what it costs.")
    if not tariff.currency:
        return _("The operator does not say in which currency.")
    return ""


def _charge(tariff: Tariff, start: datetime, end: datetime, zone: tzinfo, need: Need) -> Charge:
    """Return what happens in a slot; the operator may end the session before it is over."""
    if tariff.most_minutes is not None and tariff.most_minutes > 0:
        end = min(end, start + timedelta(minutes=float(tariff.most_minutes)))
    power = Fraction(max(need.power_kw, Decimal(0)))
    wanted = Fraction(max(need.energy_kwh, Decimal(0)))
    stops_at = tariff.most_kwh if tariff.most_kwh is not None and tariff.most_kwh > 0 else None
    if stops_at is not None:
        wanted = min(wanted, Fraction(stops_at))
    room = power * Fraction((end - start) // MICRO, HOUR // MICRO)
    if wanted > room or not power:
        energy, full_at = min(room, wanted), end if power else start
    else:
        energy, full_at = wanted, start + int(wanted / power * (HOUR // MICRO)) * MICRO
    full_at = max(full_at, start)
    # At the most energy of a session it ends, and nobody stands there in it.
    is_stopped = stops_at is not None and energy == Fraction(stops_at)
    return Charge(start, full_at, full_at if is_stopped else end, energy, need.power_kw, zone)


def _kwh(charge: Charge) -> Decimal:
    return Decimal(charge.kwh.numerator) / Decimal(charge.kwh.denominator)


def _assumptions(tariff: Tariff, charge: Charge, need: Need, tax: Tax) -> tuple[str, ...]:
    energy = _kwh(charge)
    names = {"energy": kwh(energy), "power": kw(need.power_kw)}
    found = []
    if energy < need.energy_kwh:
        found.append(_("%(energy)s at %(power)s, which is all that this time allows.") % names)
    elif need.is_assumed:
        found.append(_("%(energy)s at %(power)s, since the vehicle’s need is not known.") % names)
    else:
        found.append(_("%(energy)s at %(power)s.") % names)
    if charge.end > charge.full_at > charge.start:
        words = _("Charged until %(time)s, then the vehicle stands there for %(length)s.")
        found.append(
            words
            % {
                "time": time_in_zone(charge.full_at, _key(charge.zone)),
                "length": duration(charge.end - charge.full_at),
            }
        )
    if tariff.type in {AVERAGE_POWER, PEAK_POWER}:
        found.append(_("All minutes count until the vehicle is unplugged."))
    if not tax.is_included:
        if tax.percent is None:
            found.append(_("Without tax, whose rate is not known."))
        else:
            found.append(
                _("With %(percent)s %% tax.")
                % {"percent": number_format(tax.percent.normalize() + 0)}
            )
    return tuple(found)


def _key(zone: tzinfo) -> str:
    return str(getattr(zone, "key", "UTC"))


def _tax_in(total: Decimal, currency: str, tax: Tax) -> Decimal | None:
    """Return the tax that is in a total, None where its rate is not known."""
    if tax.percent is None or tax.percent <= -HUNDRED:
        return None
    share = _percent(tax)
    return _rounded(Fraction(total) * share / (1 + share), currency)


def _percent(tax: Tax) -> Fraction:
    return Fraction(tax.percent or 0) / HUNDRED


def _rounded(amount: Fraction, currency: str) -> Decimal:
    """Return an exact amount to the minor unit of its currency, half of one away from zero."""
    digits = minor_digits(currency)
    units = abs(amount) * 10**digits
    whole = (2 * units.numerator + units.denominator) // (2 * units.denominator)
    return Decimal(-whole if amount < 0 else whole).scaleb(-digits) + 0
