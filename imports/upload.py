"""A table that somebody sends as a file or pastes, and how it is kept from one page to the next.

Nothing is stored: the page that shows what would be done sends the table along once more.
"""

import csv
import io
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shell.kept_forms import typed
from shell.plain_text import OneLines
from spreadsheets.cells import guarded_cell
from spreadsheets.columns import Column, understand
from spreadsheets.reading import read_file, read_text
from spreadsheets.table import Cell, Table, Unreadable, is_blank, text_of
from spreadsheets.values import DayOrder

# So many letters of pasted cells, and bytes; a form may bring half a megabyte.
LONGEST_TEXT = 300_000
MOST_TEXT_BYTES = 500_000
TAB = "\t"


class UploadForm(OneLines, forms.Form):
    """A file, or cells pasted from a spreadsheet; and, where it was asked, what 12/3 means."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        help_text=gettext_lazy("XLSX or CSV, with the names of the columns in the first row."),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,.txt,.tsv"}),
        max_length=255,
    )
    text = forms.CharField(
        label=gettext_lazy("Or paste cells from a spreadsheet"),
        required=False,
        strip=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        error_messages={
            "max_length": gettext_lazy("This is too much to paste. Please send it as a file.")
        },
    )
    order = forms.ChoiceField(
        label=gettext_lazy("What comes first in these dates?"),
        required=False,
        choices=[
            (DayOrder.DAY_FIRST.value, gettext_lazy("The day: 12/3 is the 12th of March")),
            (DayOrder.MONTH_FIRST.value, gettext_lazy("The month: 12/3 is the 3rd of December")),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(
        self, *args: Any, most_rows: int, columns: Sequence[Column], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.most_rows, self.columns = most_rows, columns
        self.table: Table | None = None
        # The table once more, as it is sent along from page to page.
        self.as_text = ""

    def clean(self) -> dict[str, Any]:
        """Read the table; what is none is said beside what was sent."""
        data = super().clean() or {}
        if self.errors:
            return data
        file: UploadedFile | None = data.get("file")
        text = data.get("text") or ""
        if not file and not text.strip():
            self.add_error("file", _("Please pick a file, or paste some cells."))
            return data
        try:
            table = (
                read_file(file.read(), most_rows=self.most_rows)
                if file
                else read_text(text, most_rows=self.most_rows)
            )
            # Read as the next page will read it, so that both understand the same.
            self.as_text = as_text(table, self.columns)
            _check_length(self.as_text)
            self.table = read_text(self.as_text, most_rows=self.most_rows)
        except Unreadable as unreadable:
            self.add_error("file" if file else "text", unreadable.message)
            return data
        if table.is_empty:
            sentence = _("There is nothing below the names of the columns.")
            self.add_error("file" if file else "text", sentence)
        return data

    @property
    def order_of_days(self) -> DayOrder | None:
        chosen = self.cleaned_data.get("order")
        return DayOrder(chosen) if chosen else None


def sent_form(request: HttpRequest, *, most_rows: int, columns: Sequence[Column]) -> UploadForm:
    """Return the form as it was sent, or as it was kept of somebody who was signed out; else empty.

    Of what was kept a file is missing.
    """
    data = typed(request)
    if data is None or (request.method != "POST" and not data.get("text")):
        return UploadForm(most_rows=most_rows, columns=columns)
    return UploadForm(data, request.FILES, most_rows=most_rows, columns=columns)


def addresses(kind: str) -> dict[str, str]:
    """Return where such a table is sent, and where there are files to fill in, for templates."""
    template = f"imports:{kind}_template"
    return {
        "address": reverse(f"imports:{kind}"),
        "template_xlsx": reverse(template, args=["xlsx"]),
        "template_csv": reverse(template, args=["csv"]),
    }


def as_text(table: Table, columns: Sequence[Column]) -> str:
    """Return what is understood of a table as a text from which it is read again.

    Each row is where it stood. Of columns that are not understood only the names are kept, behind.
    """
    understood = understand(table, columns)
    places = sorted(understood.places.values())
    text = io.StringIO()
    text.write(f"sep={TAB}\n")
    writer = csv.writer(text, delimiter=TAB, lineterminator="\n")
    header = [*(table.header[place] for place in places), *understood.ignored]
    writer.writerow([guarded_cell(name) for name in header])
    line = 1
    for number, row in table.rows:
        while line < number - 1:
            line += 1
            text.write("\n")
        line = number
        kept = tuple(row[place] for place in places if place < len(row))
        if is_blank(kept):
            # Else it would be none, and nobody would be told of it.
            kept = (*("" for _place in places), next(cell for cell in row if not is_blank((cell,))))
        writer.writerow([_written(cell) for cell in kept])
    return text.getvalue()


def _check_length(text: str) -> None:
    """Raise Unreadable for a text that no form brings back."""
    # Browsers send two signs at the end of each line.
    sent = text.replace("\n", "\r\n")
    if len(sent) > LONGEST_TEXT or len(sent.encode()) > MOST_TEXT_BYTES:
        raise Unreadable(_("There is too much in this table. Please send it in parts."))


def _written(cell: Cell) -> str:
    if isinstance(cell, float) and 0 < cell < 1:
        # A part of a day: 0.3 and 0.30 would be read as hours.
        return f"{cell:.6f}"
    return guarded_cell(text_of(cell))
