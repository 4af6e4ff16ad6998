"""What AMPECO says of sites' power and prices, for the staff who confirm it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, Exists, IntegerField, OuterRef, Prefetch, QuerySet, When
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from energy.models import Line, LinePoint, Link
from energy.own_lines.power import formula_text, problem_texts
from energy.own_lines.reading import DYNAMIC, NO_PRICE, SEVERAL_RATES, problems_of_reading

A_PAGE = 25
MOST_PRICES = 12


@dataclass(frozen=True, slots=True)
class LineRow:
    """A site's line in words: figures, how they were reckoned, what is the matter."""

    line: Line
    figure: str
    formulas: list[str]
    # From when on, by the site's clock, and how much.
    prices: list[tuple[str, str]]
    problems: list[str]
    # Whether Ampcontrol's own line counts there instead.
    overruled: bool
    # What was typed of it just now, and why that did not do.
    typed: str = ""
    refusal: str = ""

    @property
    def may_confirm(self) -> bool:
        return bool(self.figure or self.prices)


@dataclass(frozen=True, slots=True)
class LinesScreen:
    """A page of sites' lines, those first that wait for a decision."""

    q: str
    page: Page[Any]
    rows: Sequence[LineRow]
    problems: list[str]


def screen_of(
    asked: QueryDict, refusals: Mapping[int, tuple[str, str]] | None = None
) -> LinesScreen:
    """Return a page of what AMPECO says of sites, in some queries however many there are.

    `refusals` has by line what was typed just now, and why that did not do.
    """
    q = asked.get("q", "").strip()
    linked = Link.objects.filter(
        kind=Link.Kind.NETWORK, state=Link.State.CONFIRMED, location=OuterRef("location")
    )
    waiting_first = Case(
        When(confirmed_at=None, refused_at=None, then=0),
        When(refused_at=None, then=1),
        default=2,
        output_field=IntegerField(),
    )
    lines = _of_sites().annotate(overruled=Exists(linked))
    for word in q.split()[:5]:
        lines = lines.filter(location__name__icontains=word)
    points = Prefetch("points", LinePoint.objects.order_by("at"))
    rows = lines.select_related("location", "confirmed_by").prefetch_related(points)
    page = Paginator(rows.order_by(waiting_first, "location__name", "kind", "pk"), A_PAGE).get_page(
        asked.get("proposed")
    )
    told = refusals or {}
    found = [_row(line, *told.get(line.pk, ("", ""))) for line in page.object_list]
    return LinesScreen(q, page, found, problems_of_reading())


def waiting() -> int:
    """Return how many lines with figures wait for staff."""
    points = LinePoint.objects.filter(line=OuterRef("pk"))
    return _of_sites().filter(Exists(points), confirmed_at=None, refused_at=None).count()


def _of_sites() -> QuerySet[Line]:
    return Line.objects.filter(location__isnull=False)


def _row(line: Any, typed: str, refusal: str) -> LineRow:
    points = list(line.points.all())
    evidence = line.evidence
    is_price = line.kind == Line.Kind.PRICE
    figure = "" if is_price or not points else _("%(kw)s kW") % {"kw": f"{points[0].value:.2f}"}
    return LineRow(
        line=line,
        figure=figure,
        formulas=[
            f"{one.get('name') or '#' + str(one.get('id'))}: {formula_text(one)}"
            for one in evidence.get("circuits", [])
            if one.get("kw")
        ],
        prices=[
            (date_format(point.at.astimezone(line.location.zone), "D H:i"), _plain(point.value))
            for point in points[:MOST_PRICES]
        ]
        if is_price
        else [],
        problems=_price_problems(evidence) if is_price else problem_texts(evidence),
        overruled=line.overruled,
        typed=typed,
        refusal=refusal,
    )


def _price_problems(evidence: dict[str, Any]) -> list[str]:
    names = ", ".join(one.get("name", "") for one in evidence.get("rates", []))
    texts = {
        SEVERAL_RATES: _("The site’s charge points have several electricity rates: %(names)s."),
        DYNAMIC: _("“%(names)s” follows an exchange: AMPECO does not tell its prices."),
        NO_PRICE: _("“%(names)s” has no price for some hours."),
    }
    return [
        texts[word] % {"names": names} for word in evidence.get("problems", []) if word in texts
    ]


def _plain(value: Decimal) -> str:
    """Return a price without the zeros behind it."""
    return f"{value.normalize():f}"
