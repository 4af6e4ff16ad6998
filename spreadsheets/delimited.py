"""Tables as text: which encoding, and by which sign the cells of a line are parted."""

import codecs
import csv
import io
from collections.abc import Iterator

from django.utils.translation import gettext as _

from spreadsheets.cells import bare_cell
from spreadsheets.table import Row, Unreadable

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SEPARATORS = "\t;,|"
# By so many lines the separator is told.
TELLING_LINES = 20


def decode(data: bytes) -> str:
    """Return the text of a file: Unicode with or without its mark, else Windows-1252 or Latin-1."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding)
    if unmarked := _utf_16(data):
        return _decoded(data, unmarked)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        # Windows leaves five signs open, Latin-1 none.
        return data.decode("latin-1")


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable(
            _("This file is damaged: it is not the text that it says it is.")
        ) from None


def _utf_16(data: bytes) -> str:
    """Return which kind of UTF-16 a text without a mark is in, by where its zeros are."""
    sample = data[:400]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > len(sample) // 4 and not even:
        return "utf-16-le"
    if even > len(sample) // 4 and not odd:
        return "utf-16-be"
    return ""


def parse(text: str) -> Iterator[Row]:
    """Yield the rows of a text. Raises Unreadable for quotes that are never closed."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    named = ""
    if text.startswith("sep=") and len(text.split("\n", 1)[0]) == 5:
        # Excel writes the separator over the table where it is asked to.
        named, text = text[4], text.split("\n", 1)[1] if "\n" in text else ""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=named or separator_of(text))
    try:
        for row in reader:
            yield tuple(bare_cell(cell.strip()) for cell in row)
    except csv.Error:
        raise Unreadable(
            _("Line %(line)d of this file cannot be read.") % {"line": reader.line_num}
        ) from None


def separator_of(text: str) -> str:
    """Return the sign that parts the lines into the most columns, and into equally many.

    A comma may be a decimal sign, so one that does not stand in the first line parts nothing.
    """
    lines = [line for line in text.split("\n") if line.strip()][:TELLING_LINES]
    if not lines:
        return ","

    def merit(sign: str) -> tuple[int, int]:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=sign)]
        except csv.Error:
            # Whoever reads all of it says of which line.
            return (0, 0)
        if widths[0] == 1:
            return (0, 0)
        return (sum(width == widths[0] for width in widths), widths[0])

    return max(SEPARATORS, key=merit)
