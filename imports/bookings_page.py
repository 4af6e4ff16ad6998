"""The page that takes a table of bookings: what of it would be booked, before it is."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from batches.models import Batch
from batches.services import MOST_ROWS, BatchRefused, create_draft, send_batch
from bookings.actions.candidate import BookingRefused
from drivers.permissions import FleetRequest, manager_required, private_partner_ids
from imports.booking_columns import COLUMNS
from imports.bookings import LABELS, Line, Reading, digest_of, read_bookings
from imports.templates import answer_with
from imports.templates import bookings_template as template_of_bookings
from imports.upload import UploadForm, addresses, sent_form
from shell.keys import read_key
from shell.uploads import takes_file
from sites.models import Location
from sites.selectors import visible_locations
from spreadsheets.table import MOST_BYTES

TABLE, ASK = "table", "ask"


@takes_file(most_bytes=MOST_BYTES)
@manager_required
def bookings(request: FleetRequest) -> HttpResponse:
    """Show what a table of bookings would book; on the click that follows, ask for it."""
    context: dict[str, Any] = {
        "most_rows": MOST_ROWS,
        "site": _default_site(request),
        **addresses("bookings"),
    }
    form = sent_form(request, most_rows=MOST_ROWS, columns=COLUMNS)
    context["form"] = form
    if not form.is_bound or not form.is_valid() or form.table is None:
        return render(request, "imports/bookings.html", context)
    reading = read_bookings(
        form.table,
        fleet=request.fleet,
        order=form.order_of_days,
        default_site=context["site"],
        now=timezone.now(),
    )
    action = request.POST.get("action", "") if request.method == "POST" else ""
    if action in {TABLE, ASK} and not reading.missing and not reading.asks_about:
        if action == ASK and request.POST.get("seen") != reading.mark:
            context["problem"] = _(
                "Something has changed since these rows were shown. Nothing was sent: please look"
                " once more."
            )
        else:
            try:
                return _go_on(request, reading, is_sent=action == ASK)
            except (BatchRefused, BookingRefused) as refusal:
                context["problem"] = refusal.message
    return render(request, "imports/bookings.html", context | _shown(form, reading))


def _go_on(request: FleetRequest, reading: Reading, *, is_sent: bool) -> HttpResponse:
    """Make a table of what was read, and send it if that was asked for."""
    lines = reading.to_ask if is_sent else [line for line in reading.lines if not line.booked]
    user = request.user
    batch = create_draft(
        fleet=request.fleet,
        user=user,  # type: ignore[arg-type]
        source=Batch.Source.FILE,
        rows=[line.wish for line in lines],
        name=_name_of(request),
        file_digest=digest_of(lines, is_sent=is_sent),
    )
    if batch.state == Batch.State.SENT:
        messages.info(request, _("These rows were sent already. Here is what became of them."))
    elif is_sent:
        _send(request, batch, lines)
    return redirect("batches:table", pk=batch.pk)


def _send(request: FleetRequest, batch: Batch, lines: list[Line]) -> None:
    """Ask for the rows of a table as its lines were shown; else it stays a draft to look at."""
    seen = {
        row.pk: line.check.mark
        for row, line in zip(batch.rows.all(), lines, strict=True)
        if line.check
    }
    try:
        sent = send_batch(batch, user=request.user, seen_version=0, seen=seen)  # type: ignore[arg-type]
    except BatchRefused as refusal:
        messages.warning(request, refusal.message)
        return
    text = ngettext(
        "%(count)d booking was asked for.", "%(count)d bookings were asked for.", sent.asked
    )
    messages.success(request, text % {"count": sent.asked})


def _name_of(request: FleetRequest) -> str:
    file = request.FILES.get("file")
    return str(file.name if file else request.POST.get("name", ""))[:80]


def _shown(form: UploadForm, reading: Reading) -> dict[str, Any]:
    header = form.table.header if form.table else ()
    # Only drawn so: what was sent without an answer is asked about again.
    form.fields["order"].required = bool(reading.asks_about)
    return {
        "reading": reading,
        "as_text": form.as_text,
        "understood": [
            (header[place], LABELS[key]) for key, place in reading.understood.places.items()
        ],
        "lines": _troubled_first(reading.lines),
        "asks_order": bool(reading.asks_about),
    }


def _troubled_first(lines: list[Line]) -> list[Line]:
    """Put what needs somebody's eyes on top, else in the order of the file."""
    return sorted(lines, key=lambda line: line.will_be_asked and not line.all_remarks)


def _default_site(request: FleetRequest) -> Location | None:
    """Return the site that the page was opened for, which lines that name none are for."""
    given = request.POST if request.method == "POST" else request.GET
    pk = read_key(given.get("site", ""))
    if pk is None:
        return None
    visible = visible_locations(partner_ids=private_partner_ids(request.fleet))
    return visible.filter(pk=pk).first()


@manager_required
def template(request: FleetRequest, ending: str) -> HttpResponse:
    """Send a file to fill in."""
    header, rows = template_of_bookings(request.fleet, now=timezone.now())
    return answer_with(header, rows, name=_("bookings"), ending=ending)
