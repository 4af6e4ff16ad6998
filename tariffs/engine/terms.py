"""What a tariff says that charging costs, in sentences for those who book."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from django.utils.formats import date_format, number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ampeco.types import Tariff
from ampeco.types.pricing import PeriodFees, PowerLevel, PriceLevel
from ampeco.types.tariffs import (
    AVERAGE_POWER,
    DAY_NIGHT,
    ENERGY_TOU,
    FLAT,
    FREE,
    NOT_ALLOWED,
    OPTIMISED,
    PEAK_POWER,
    STANDARD,
)
from shell.formats import duration, kw
from shell.money import money, unit_price
from tariffs.engine.rates import BY_PERIOD, has_fees
from tariffs.engine.sums import USUAL_PERIOD_MINUTES


def terms(tariff: Tariff) -> tuple[str, ...]:
    """Return what a tariff costs as sentences in the language that is active."""
    if tariff.type == FREE:
        return (_("Charging is free."),)
    if tariff.type == NOT_ALLOWED:
        return (_("Charging is not allowed."),)
    return tuple(_Terms(tariff).all())


def has_prices(tariff: Tariff) -> bool:
    """Return whether a tariff says anything of what it costs."""
    return tariff.type == FREE or any(_Terms(tariff).prices())


class _Terms:
    """The sentences about one tariff."""

    def __init__(self, tariff: Tariff) -> None:
        self.tariff = tariff
        self.pricing = tariff.pricing

    def all(self) -> Iterator[str]:
        """Yield what there is to say."""
        yield from self.prices()
        yield from self._limits()
        yield from self._valid()
        yield from self._said_by_the_operator()

    def prices(self) -> Iterator[str]:
        """Yield what it costs, in the order in which it is charged."""
        pricing = self.pricing
        if self.tariff.type == FLAT:
            if pricing.per_session is not None:
                yield _("%(price)s per charge.") % {"price": self._money(pricing.per_session)}
        elif self.tariff.type in {AVERAGE_POWER, PEAK_POWER}:
            yield from self._start()
            yield from self._power()
        else:
            yield from self._start()
            yield from self._energy()
            yield from self._time()
            yield from self._idle()
            yield from self._on_some_days()
        if pricing.min_price:
            yield _("At least %(price)s per charge.") % {"price": self._money(pricing.min_price)}

    def _start(self) -> Iterator[str]:
        pricing = self.pricing
        if has_fees(self.tariff, "connection"):
            yield from self._by_period("connection", _("%(price)s to start (%(when)s)."))
        elif pricing.connection_fee:
            words = {"price": self._money(pricing.connection_fee)}
            if pricing.connection_minimum_minutes:
                words["length"] = duration(pricing.connection_minimum_minutes)
                yield _("%(price)s to start, if it lasts at least %(length)s.") % words
            else:
                yield _("%(price)s to start.") % words

    def _energy(self) -> Iterator[str]:
        pricing, kind = self.pricing, self.tariff.type
        if kind == STANDARD and pricing.kwh_levels:
            yield from map(self._kwh_level, pricing.kwh_levels)
        elif has_fees(self.tariff, "energy"):
            yield from self._by_period("energy", _("%(price)s per kWh (%(when)s)."))
        elif kind == DAY_NIGHT and pricing.day_per_kwh is not None:
            yield from self._day_night(
                _("%(price)s per kWh (%(when)s)."), pricing.day_per_kwh, pricing.night_per_kwh
            )
        elif kind == ENERGY_TOU:
            yield self._market()
        elif kind == OPTIMISED:
            yield from self._optimised()
        elif pricing.per_kwh is not None:
            yield _("%(price)s per kWh.") % {"price": self._unit(pricing.per_kwh)}

    def _kwh_level(self, level: PriceLevel) -> str:
        words = {
            "first": number_format(level.first.normalize() + 0),
            "price": self._unit(level.fee or Decimal(0)),
            "flat": self._money(level.flat_fee or Decimal(0)),
        }
        if level.last is None:
            if level.flat_fee and not level.fee:
                return _("%(flat)s for all above %(first)s kWh.") % words
            return _("%(price)s per kWh above %(first)s kWh.") % words
        words["last"] = number_format(level.last.normalize() + 0)
        if level.flat_fee and not level.fee:
            return _("%(flat)s for what is between %(first)s and %(last)s kWh.") % words
        return _("%(price)s per kWh between %(first)s and %(last)s kWh.") % words

    def _market(self) -> str:
        pricing = self.pricing
        words = {
            "percent": number_format((pricing.markup_percent or Decimal(0)).normalize() + 0),
            "price": self._unit(pricing.markup_per_kwh or Decimal(0)),
        }
        if pricing.markup_percent and pricing.markup_per_kwh:
            return (
                _("The market price of electricity plus %(percent)s %% and %(price)s per kWh.")
                % words
            )
        if pricing.markup_percent:
            return _("The market price of electricity plus %(percent)s %%.") % words
        if pricing.markup_per_kwh:
            return _("The market price of electricity plus %(price)s per kWh.") % words
        return _("The market price of electricity.")

    def _optimised(self) -> Iterator[str]:
        if self.pricing.optimised_per_kwh is not None:
            price = self._unit(self.pricing.optimised_per_kwh)
            yield _("%(price)s per kWh while the operator shifts the charge to cheap hours.") % {
                "price": price
            }
        yield _("The market price of electricity at all other times.")

    def _time(self) -> Iterator[str]:
        pricing = self.pricing
        minutes = pricing.period_minutes or USUAL_PERIOD_MINUTES
        length = duration(minutes)
        each = _("%(price)s for every %(length)s of charging, or part of it (%(when)s).")
        if self.tariff.type == STANDARD and pricing.duration_levels:
            yield from (
                self._time_level(level, minutes)
                for level in pricing.duration_levels
                if level.fee or level.flat_fee
            )
        elif has_fees(self.tariff, "duration"):
            yield from self._by_period("duration", each, length=length)
        elif self.tariff.type == DAY_NIGHT and (pricing.day_per_period or pricing.night_per_period):
            yield from self._day_night(
                each, pricing.day_per_period, pricing.night_per_period, length=length
            )
        elif pricing.per_period:
            price = self._unit(pricing.per_period)
            words = {"price": price, "length": length}
            yield _("%(price)s for every %(length)s of charging, or part of it.") % words
        else:
            return
        words = {
            "length": duration(pricing.duration_grace_minutes or 0),
            "begin": pricing.duration_from or "00:00",
            "end": pricing.duration_to or "24:00",
            "price": self._money(pricing.duration_limit or Decimal(0)),
        }
        if pricing.duration_grace_minutes:
            yield _("The first %(length)s of charging cost no time fee.") % words
        if pricing.duration_from or pricing.duration_to:
            yield _("Time fees only from %(begin)s to %(end)s.") % words
        if pricing.duration_limit:
            yield _("Time fees of at most %(price)s.") % words

    def _idle(self) -> Iterator[str]:
        pricing = self.pricing
        minutes = pricing.idle_period_minutes or pricing.period_minutes or USUAL_PERIOD_MINUTES
        if self.tariff.type == STANDARD and pricing.idle_levels:
            yield from (
                self._idle_level(level, minutes)
                for level in pricing.idle_levels
                if level.fee or level.flat_fee
            )
        elif has_fees(self.tariff, "idle"):
            length = duration(pricing.idle_period_minutes or USUAL_PERIOD_MINUTES)
            each = _("%(price)s for each %(length)s of standing there when full (%(when)s).")
            yield from self._by_period("idle", each, length=length)
        elif self.tariff.type == DAY_NIGHT and (
            pricing.day_idle_per_minute or pricing.night_idle_per_minute
        ):
            yield from self._day_night(
                _("%(price)s per minute of standing there when full (%(when)s)."),
                pricing.day_idle_per_minute,
                pricing.night_idle_per_minute,
            )
        elif pricing.idle_per_minute:
            price = self._unit(pricing.idle_per_minute)
            yield _("%(price)s per minute of standing there when full.") % {"price": price}
        else:
            return
        words = {
            "length": duration(int(pricing.idle_grace_minutes or 0)),
            "begin": pricing.idle_from or "00:00",
            "end": pricing.idle_to or "24:00",
            "price": self._money(pricing.idle_limit or Decimal(0)),
        }
        if pricing.idle_grace_minutes and pricing.idle_grace_minutes > 0:
            yield _("The first %(length)s of standing there when full are free.") % words
        if pricing.idle_from or pricing.idle_to:
            yield _("Fees for standing there when full only from %(begin)s to %(end)s.") % words
        if pricing.idle_limit:
            yield _("Fees for standing there when full of at most %(price)s.") % words

    def _time_level(self, level: PriceLevel, minutes: int) -> str:
        words = self._of_level(level, minutes)
        if level.flat_fee and not level.fee:
            return _("%(flat)s once after %(since)s of charging.") % words
        if level.last is None:
            return _("%(price)s for each %(length)s of charging after %(since)s.") % words
        return _("%(price)s for each %(length)s of charging from %(since)s to %(until)s.") % words

    def _idle_level(self, level: PriceLevel, minutes: int) -> str:
        words = self._of_level(level, minutes)
        if level.flat_fee and not level.fee:
            return _("%(flat)s once after %(since)s of standing there when full.") % words
        if level.last is None:
            text = _("%(price)s for each %(length)s of standing there when full after %(since)s.")
        else:
            text = _(
                "%(price)s for each %(length)s of standing there when full from %(since)s to "
                "%(until)s."
            )
        return text % words

    def _of_level(self, level: PriceLevel, minutes: int) -> dict[str, str]:
        """Return a level in time: its units are numbered from 1 on."""
        return {
            "length": duration(minutes),
            "since": duration((max(1, int(level.first)) - 1) * minutes),
            "until": duration(int(level.last or 0) * minutes),
            "price": self._unit(level.fee or Decimal(0)),
            "flat": self._money(level.flat_fee or Decimal(0)),
        }

    def _power(self) -> Iterator[str]:
        pricing = self.pricing
        if self.tariff.type == AVERAGE_POWER:
            yield from (self._up_to(level) for level in pricing.average_power_levels)
            return
        for level in pricing.peak_power_levels:
            if pricing.regular_use_minutes is None or level.excess is None:
                yield self._up_to(level)
                continue
            yield _(
                "%(price)s per minute for vehicles that take up to %(power)s; after %(length)s "
                "%(excess)s per minute."
            ) % {
                "price": self._unit(level.per_minute),
                "power": kw(level.up_to_kw),
                "length": duration(int(pricing.regular_use_minutes)),
                "excess": self._unit(level.excess),
            }

    def _up_to(self, level: PowerLevel) -> str:
        words = {"price": self._unit(level.per_minute), "power": kw(level.up_to_kw)}
        if self.tariff.type == AVERAGE_POWER:
            return _("%(price)s per minute up to %(power)s on average.") % words
        return _("%(price)s per minute for vehicles that take up to %(power)s.") % words

    def _on_some_days(self) -> Iterator[str]:
        if self.tariff.type not in BY_PERIOD:
            return
        for day in self.pricing.days:
            if day.fees == PeriodFees():
                continue
            days = ", ".join(
                [day.name, *map(_day, day.dates)] if day.name else map(_day, day.dates)
            )
            yield _("Other prices on some days: %(days)s.") % {"days": days}

    def _limits(self) -> Iterator[str]:
        if self.tariff.most_minutes and self.tariff.most_minutes > 0:
            length = duration(int(self.tariff.most_minutes))
            yield _("The charge is ended after %(length)s.") % {"length": length}
        if self.tariff.most_kwh and self.tariff.most_kwh > 0:
            energy = number_format(self.tariff.most_kwh.normalize() + 0)
            yield _("The charge is ended after %(energy)s kWh.") % {"energy": energy}

    def _valid(self) -> Iterator[str]:
        if self.tariff.end_date:
            yield _("Valid until %(day)s.") % {"day": _day(self.tariff.end_date)}

    def _said_by_the_operator(self) -> Iterator[str]:
        """Yield what the operator adds, if it does so in the language that is active."""
        text = self.tariff.additional_information.get((get_language() or "en").split("-")[0])
        if text:
            yield text

    def _by_period(self, kind: str, words: str, **more: str) -> Iterator[str]:
        fees: tuple[Decimal | None, ...] = getattr(self.pricing.fees, kind)
        for (begin, end), fee in zip(self.pricing.time_periods, fees, strict=False):
            if fee is not None and (fee or kind == "energy"):
                when = f"{begin}–{end if end != '00:00' else '24:00'}"
                yield words % {"price": self._unit(fee), "when": when, **more}

    def _day_night(
        self, words: str, by_day: Decimal | None, by_night: Decimal | None, **more: str
    ) -> Iterator[str]:
        day, night = self.tariff.day_start or "?", self.tariff.night_start or "?"
        for price, when in ((by_day, f"{day}–{night}"), (by_night, f"{night}–{day}")):
            if price is not None:
                yield words % {"price": self._unit(price), "when": when, **more}

    def _unit(self, price: Decimal) -> str:
        return unit_price(price, self.tariff.currency)

    def _money(self, amount: Decimal) -> str:
        return money(amount, self.tariff.currency)


def _day(day: date) -> str:
    # Translators: Django's date format of a day.
    return date_format(day, "DATE_FORMAT")
