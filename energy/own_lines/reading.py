"""Reads circuits and electricity rates of AMPECO, once a day, and keeps what they say of sites."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ampeco.client import AmpecoClient
from ampeco.types import ElectricityRate, PriceDay
from energy.models import Line, LinePoint
from energy.own_lines.power import power_of_sites
from energy.own_lines.prices import price_steps
from sites.models import ChargePoint, Location
from upstream.errors import UpstreamError, UpstreamForbidden, UpstreamNotFound

logger = logging.getLogger(__name__)

Kind = Line.Kind
DONE_KEY = "own-lines-read"
PROBLEMS_KEY = "own-lines-problems"
A_DAY = 24 * 3600
# What the operator defines; others follow an exchange, and have no periods to read.
OWN_RATES = "admin_defined"
SEVERAL_RATES, NO_PRICE, DYNAMIC = "several-rates", "no-price", "dynamic"
# A night that began the evening before begins within the line.
BEFORE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Found:
    """What AMPECO says of a site: evidence, and the values from instants on; none without."""

    location: int
    evidence: dict[str, Any]
    steps: list[tuple[datetime, Decimal]]


def read_own_lines(client: AmpecoClient, *, now: datetime | None = None) -> None:
    """Read both, unless that was done within a day; what a token may not read is told to staff.

    Of two processes one reads. Where the operator does not answer, it is due again at once.
    """
    # Before the sites have been mirrored there is nobody to keep it for.
    if not _charge_points().exists() or not cache.add(DONE_KEY, 1, A_DAY - 600):
        return
    now = now or timezone.now()
    problems = []
    try:
        for kind, find in ((Kind.CAPACITY, _power), (Kind.PRICE, _prices)):
            problem = _read(kind, find, client, now=now)
            problems += [problem] if problem else []
    except UpstreamError as error:
        logger.warning("Circuits and electricity rates were not read: %s", error)
        cache.delete(DONE_KEY)
        problems.append(_("The operator did not answer as it should: it is asked again later."))
    except BaseException:
        cache.delete(DONE_KEY)
        raise
    cache.set(PROBLEMS_KEY, problems, 2 * A_DAY)


def problems_of_reading() -> list[str]:
    """Return why not all could be read the last time, in sentences for staff."""
    return list(cache.get(PROBLEMS_KEY) or [])


def _read(
    kind: str,
    find: Callable[..., Iterable[Found]],
    client: AmpecoClient,
    *,
    now: datetime,
) -> str:
    try:
        found = list(find(client, now=now))
    except (UpstreamForbidden, UpstreamNotFound) as error:
        if kind == Kind.CAPACITY:
            text = _("The operator does not let this token read circuits (%(status)s).")
        else:
            text = _("The operator does not let this token read electricity rates (%(status)s).")
        return text % {"status": error.status}
    _store(kind, found, now=now)
    return ""


def _power(client: AmpecoClient, *, now: datetime) -> Iterable[Found]:
    circuits = [one for page in client.circuit_pages() for one in page.items]
    if not circuits:
        return
    site_of = dict(_charge_points().values_list("ampeco_id", "location"))
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) - BEFORE
    for site, power in sorted(power_of_sites(circuits, site_of).items()):
        steps = [] if power.kw is None else [(midnight, power.kw)]
        yield Found(site, power.evidence, steps)


def _prices(client: AmpecoClient, *, now: datetime) -> Iterable[Found]:
    rates = {one.id: one for page in client.electricity_rate_pages() for one in page.items}
    of_site: dict[int, set[int]] = {}
    charge_points = _charge_points().exclude(ampeco_electricity_rate_id=None)
    for site, rate in charge_points.values_list("location", "ampeco_electricity_rate_id"):
        if rate in rates:
            of_site.setdefault(site, set()).add(rate)
    days: dict[int, list[PriceDay]] = {
        rate: client.price_days(rate)
        for rate in sorted({rate for found in of_site.values() for rate in found})
        if rates[rate].type == OWN_RATES
    }
    reckoned: dict[tuple[int, str], list[tuple[datetime, Decimal]]] = {}
    for site in Location.objects.filter(pk__in=of_site).order_by("pk"):
        wanted = sorted(of_site[site.pk])
        steps: list[tuple[datetime, Decimal]] = []
        if len(wanted) == 1 and wanted[0] in days:
            key = (wanted[0], str(site.zone))
            if key not in reckoned:
                default = rates[wanted[0]].default_price
                reckoned[key] = price_steps(days[wanted[0]], default, site.zone, start=now)
            steps = reckoned[key]
        yield Found(site.pk, _price_evidence([rates[one] for one in wanted], steps), steps)


def _price_evidence(rates: list[ElectricityRate], steps: list[Any]) -> dict[str, Any]:
    problems = []
    if len(rates) > 1:
        problems = [SEVERAL_RATES]
    elif rates[0].type != OWN_RATES:
        problems = [DYNAMIC]
    elif not steps:
        problems = [NO_PRICE]
    return {
        "rates": [{"id": one.id, "name": one.name} for one in rates],
        "problems": problems,
        "basis": [one.id for one in rates],
    }


def _charge_points() -> Any:
    return ChargePoint.objects.filter(retired_at=None).order_by("pk")


@transaction.atomic
def _store(kind: str, found: list[Found], *, now: datetime) -> None:
    """Keep what was found of one kind; what staff decided stays unless its basis is another.

    What AMPECO says nothing of any more goes.
    """
    lines = Line.objects.filter(kind=kind, location__isnull=False).select_for_update()
    known = {line.location_id: line for line in lines.order_by("pk")}
    wanted = {one.location: one for one in found}
    lines.filter(pk__in=[line.pk for site, line in known.items() if site not in wanted]).delete()
    for site, one in wanted.items():
        line = known.get(site)
        if line is None:
            continue
        if line.evidence.get("basis") != _as_kept(one.evidence["basis"]) or not one.steps:
            line.confirmed_at = line.refused_at = line.confirmed_by = None
        line.evidence, line.read_at = one.evidence, now
    Line.objects.bulk_update(
        [line for site, line in known.items() if site in wanted],
        ["evidence", "read_at", "confirmed_at", "refused_at", "confirmed_by"],
        batch_size=500,
    )
    Line.objects.bulk_create(
        [
            Line(kind=kind, location_id=site, evidence=one.evidence, read_at=now)
            for site, one in wanted.items()
            if site not in known
        ],
        ignore_conflicts=True,
    )
    pks = dict(lines.values_list("location", "pk"))
    LinePoint.objects.filter(line__in=pks.values()).delete()
    LinePoint.objects.bulk_create(
        (
            LinePoint(line_id=pks[site], at=at, value=value)
            for site, one in wanted.items()
            if site in pks
            for at, value in one.steps
        ),
        batch_size=1000,
        ignore_conflicts=True,
    )


def _as_kept(basis: list[Any]) -> list[Any]:
    """Return a basis as JSON gives it back."""
    return [list(one) if isinstance(one, list | tuple) else one for one in basis]
