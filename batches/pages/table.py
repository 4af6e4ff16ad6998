"""The page of a table: a draft with what is wrong in it, or what became of each row."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from batches.checks import RowCheck, check_batch
from batches.editing import discard, propose_anew, rename
from batches.models import Batch
from batches.outcomes import counts_of, outcomes_of
from batches.pages.forms import AllForm, NameForm
from batches.selectors import batch_of, drafts_of, sent_of
from batches.services import BatchRefused, RowWish, create_draft, send_batch
from bookings.actions.candidate import BookingRefused
from bookings.actions.prices import sum_of, tell_prices
from bookings.pages.history.status import answers_are_late
from drivers.permissions import FleetRequest, current_drivers, manager_required, member_required
from sync.open_pages import poll_sooner

PAGE_SIZE = 100
LONGEST_NUMBER = 18
MARKS = "nc"


@dataclass(frozen=True, slots=True)
class DraftTable:
    """A draft as it is shown: a page of its rows, and counts of all of them."""

    checks: list[RowCheck]
    page: Page
    changed: frozenset[int]

    @property
    def asked(self) -> int:
        return sum(check.will_be_asked for check in self.checks)

    @property
    def problems(self) -> list[RowCheck]:
        return [check for check in self.checks if check.is_wanted and not check.will_be_asked]

    @property
    def to_confirm(self) -> int:
        return sum(check.will_be_asked and check.is_confirmed for check in self.checks)

    @property
    def left_out(self) -> int:
        return sum(not check.is_wanted for check in self.checks)

    @property
    def without_driver(self) -> int:
        return sum(check.is_wanted and check.row.driver_id is None for check in self.checks)

    @property
    def cost(self) -> list[str]:
        """What is going to be asked for costs together, by currency, as far as it is known."""
        return sum_of(check.price for check in self.checks if check.will_be_asked)

    @property
    def without_price(self) -> int:
        prices = (check.price for check in self.checks if check.will_be_asked)
        return sum(price is None or not price.is_known for price in prices)

    @property
    def seen(self) -> str:
        """The marks of rows as whoever sends the table was shown them: “12n.15c”."""
        return ".".join(f"{c.row.pk}{c.mark}" for c in self.checks if c.is_wanted and c.mark)

    @property
    def changed_rows(self) -> list[int]:
        return [check.row.position for check in self.checks if check.row.pk in self.changed]


@member_required
@require_safe
def batch_list(request: FleetRequest) -> HttpResponse:
    """Show a fleet's tables: those that are not sent, then the sent ones."""
    page = Paginator(sent_of(request.fleet), 25).get_page(request.GET.get("page"))
    context = {"drafts": list(drafts_of(request.fleet)), "page": page, "sent": list(page)}
    return render(request, "batches/list.html", context)


@member_required
@require_safe
def table(request: FleetRequest, pk: int) -> HttpResponse:
    """Show a draft, or what became of each row of a table that is sent; htmx gets the table."""
    batch = batch_or_404(request, pk)
    if batch.state == Batch.State.DRAFT:
        return show_draft(request, batch)
    return _show_sent(request, batch)


@manager_required
@require_POST
def send(request: FleetRequest, pk: int) -> HttpResponse:
    """Ask for all rows that can be asked for; what changed since it was shown stops that (409)."""
    batch = batch_or_404(request, pk)
    version = request.POST.get("version", "")
    seen_version = int(version) if version.isascii() and version.isdecimal() else -1
    try:
        sent = send_batch(
            batch,
            user=request.user,  # type: ignore[arg-type]
            seen_version=seen_version,
            seen=read_marks(request.POST.get("seen", "")),
        )
    except BatchRefused as refusal:
        batch = batch_or_404(request, pk)
        return show_draft(
            request, batch, problem=refusal.message, changed=refusal.changed, status=409
        )
    except BookingRefused as held:
        return show_draft(request, batch, problem=held.message, status=409)
    if not sent.is_new:
        messages.info(request, _("This table was sent already. Here is what became of it."))
    return redirect("batches:table", pk=pk)


@manager_required
@require_POST
def again(request: FleetRequest, pk: int) -> HttpResponse:
    """Make a new table of what was not booked of one, with chargers proposed anew."""
    batch = batch_or_404(request, pk)
    rows = [each.row for each in outcomes_of(batch) if each.may_be_asked_again]
    wishes = [
        RowWish(
            vehicle=row.vehicle,
            driver=row.driver,
            location=row.location,
            evse=row.evse,
            start_at=row.start_at,
            end_at=row.end_at,
            reference=row.reference,
        )
        for row in rows
    ]
    try:
        new = create_draft(
            fleet=request.fleet,
            user=request.user,  # type: ignore[arg-type]
            source=Batch.Source(batch.source),
            rows=wishes,
            name=batch.name,
        )
    except BatchRefused as refusal:
        messages.info(request, refusal.message)
        return redirect("batches:table", pk=pk)
    propose_anew(new, now=timezone.now())
    return redirect("batches:table", pk=new.pk)


@manager_required
@require_POST
def call(request: FleetRequest, pk: int) -> HttpResponse:
    """Give a table another name."""
    batch = batch_or_404(request, pk)
    form = NameForm(request.POST)
    if form.is_valid():
        rename(batch, form.cleaned_data["name"])
    else:
        messages.error(request, str(form.errors["name"][0]))
    return redirect("batches:table", pk=pk)


@manager_required
@require_POST
def throw_away(request: FleetRequest, pk: int) -> HttpResponse:
    """Discard a draft: nothing of it was asked for."""
    try:
        discard(batch_or_404(request, pk))
    except BatchRefused as refusal:
        messages.info(request, refusal.message)
        return redirect("batches:table", pk=pk)
    messages.success(request, _("The table was discarded. Nothing of it was asked for."))
    return redirect("batches:list")


def batch_or_404(request: FleetRequest, pk: int) -> Batch:
    """Return one of the fleet's tables; any other is a 404."""
    try:
        return batch_of(request.fleet, pk)
    except Batch.DoesNotExist:
        raise Http404 from None


def show_draft(
    request: FleetRequest,
    batch: Batch,
    *,
    problem: str = "",
    changed: Collection[int] = (),
    all_form: AllForm | None = None,
    focus: int | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render a draft as it stands now; only the table for htmx.

    `focus` is the key of the row that somebody has just worked on.
    """
    if batch.state != Batch.State.DRAFT:
        return redirect("batches:table", pk=batch.pk)
    checks = check_batch(batch)
    tell_prices(check.candidate for check in checks if check.candidate)
    page = Paginator(checks, PAGE_SIZE).get_page(request.GET.get("page"))
    drivers = current_drivers(request.fleet).order_by("last_name", "first_name", "pk")
    can_book = request.membership.can_book
    context = {
        "batch": batch,
        "table": DraftTable(checks, page, frozenset(changed)),
        "page": page,
        "problem": problem,
        "all_form": all_form or (AllForm(drivers=list(drivers)) if can_book else None),
        "all_open": all_form is not None,
        "name_form": NameForm(initial={"name": batch.name}),
        "can_edit": can_book,
        "focus": focus,
    }
    return _answer(request, "draft", context, status=status)


def read_marks(text: str) -> dict[int, str]:
    """Return what `DraftTable.seen` told; what makes no sense is passed over."""
    marks = {}
    for part in text.split("."):
        number, mark = part[:-1], part[-1:]
        is_key = number.isascii() and number.isdecimal() and len(number) <= LONGEST_NUMBER
        if is_key and mark and mark in MARKS:
            marks[int(number)] = mark
    return marks


def _show_sent(request: FleetRequest, batch: Batch) -> HttpResponse:
    now = timezone.now()
    outcomes = outcomes_of(batch)
    bookings = [outcome.booking for outcome in outcomes if outcome.booking]
    poll_sooner(bookings, now=now)
    undecided = any(booking.is_undecided for booking in bookings)
    page = Paginator(outcomes, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "batch": batch,
        "page": page,
        "outcomes": list(page),
        "counts": counts_of(outcomes),
        "total": len(outcomes),
        "look_again": "1s" if undecided else "60s",
        "undecided": undecided,
        "answers_are_late": undecided and answers_are_late(),
        "again": sum(outcome.may_be_asked_again for outcome in outcomes),
    }
    return _answer(request, "sent", context)


def _answer(
    request: FleetRequest, name: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    whole = not request.htmx or request.htmx.history_restore_request
    template = f"batches/{name}.html" if whole else f"batches/_{name}.html"
    # htmx swaps nothing of an answer that is an error.
    response = render(request, template, context, status=status if whole else 200)
    patch_vary_headers(response, ["HX-Request"])
    return response
