"""Files of every kind, and files that are none."""

import io
import zipfile
from datetime import date, datetime, time

import pytest
import xlsxwriter

from spreadsheets.reading import read_file, read_text
from spreadsheets.table import MOST_BYTES, Unreadable

HEADER = ("Véhicule", "Größe", "Début")
LINE = ("Van 1", "1,5", "31.12.2026")


def rows(table):
    return [row for _number, row in table.rows]


def sheet(*lines, **options):
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, **options}) as book:
        page = book.add_worksheet()
        formats = {
            kind: book.add_format({"num_format": form})
            for kind, form in ((date, 14), (datetime, 22), (time, 20))
        }
        for number, line in enumerate(lines):
            for place, cell in enumerate(line):
                page.write(number, place, cell, formats.get(type(cell)))
    return file.getvalue()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"]
)
@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_every_encoding_and_separator(encoding, separator):
    text = "\r\n".join(separator.join(line) for line in (HEADER, LINE)) + "\r\n"
    table = read_file(text.encode(encoding), most_rows=5)
    assert table.header == HEADER
    assert rows(table) == [LINE]


def test_commas_part_cells_where_they_part_the_names():
    table = read_text('Vehicle,Start\n"Van 1, new","6 pm"\n', most_rows=5)
    assert rows(table) == [("Van 1, new", "6 pm")]


def test_the_separator_that_excel_names_counts():
    assert rows(read_text("sep=|\na,b|c\n1|2\n", most_rows=5)) == [("1", "2")]


def test_blank_rows_do_not_count_and_rows_keep_their_numbers():
    table = read_text("\n\nVehicle;Start\n;\nVan 1;18:00\n\nVan 2;19:00\n", most_rows=2)
    assert [number for number, _row in table.rows] == [5, 7]


def test_a_workbook_keeps_days_times_and_text_that_looks_like_a_formula():
    day, at, clock = date(2026, 12, 31), datetime(2026, 12, 31, 18, 0), time(6, 15)
    data = sheet(["a", "b", "c", "d"], [day, at, clock, 7], strings_to_formulas=False)
    assert rows(read_file(data, most_rows=5)) == [(datetime(2026, 12, 31), at, clock, 7)]
    data = sheet(["a"], ["=1+1"], strings_to_formulas=False)
    assert rows(read_file(data, most_rows=5)) == [("=1+1",)]


def test_formulas_are_not_worked_out():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["a", "b"])
        page.write_formula(1, 0, "=1+1", value="as saved")
        page.write_string(1, 1, "x")
    assert rows(read_file(file.getvalue(), most_rows=5)) == [("as saved", "x")]


def test_guards_against_formulas_are_taken_off_again():
    assert rows(read_text("a;b\n'=1;'plain\n", most_rows=5)) == [("=1", "'plain")]


def test_too_many_rows_are_a_sentence_with_the_limit():
    lines = [["Vehicle"], *([f"Van {number}"] for number in range(10_000))]
    for data in (sheet(*lines), "\n".join(line[0] for line in lines).encode()):
        with pytest.raises(Unreadable, match="more than 500 rows"):
            read_file(data, most_rows=500)


def test_a_cell_far_off_costs_nothing():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        page = book.add_worksheet()
        page.write(0, 0, "Vehicle")
        page.write(1, 0, "Van 1")
        page.write(5_000, 200, "far")
    table = read_file(file.getvalue(), most_rows=5)
    assert rows(table)[0][0] == "Van 1"


def changed(data, **parts):
    """Return an archive with other parts in it."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", 8) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return file.getvalue()


def test_archives_and_entities_that_would_burst_are_refused():
    data = sheet(["Vehicle"], ["Van 1"])
    bomb = changed(data, **{"xl/media/image1.png": bytes(60 * 1024 * 1024)})
    assert len(bomb) < 100_000
    with pytest.raises(Unreadable, match="too much in this file"):
        read_file(bomb, most_rows=5)
    laughs = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><sst>&a;</sst>'
    for text in (laughs.encode(), laughs.encode("utf-16")):
        with pytest.raises(Unreadable, match="cannot be read"):
            read_file(changed(data, **{"xl/sharedStrings.xml": text}), most_rows=5)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b";;\n;\n", "nothing in this table"),
        (b"%PDF-1.7 x", "not a table"),
        (b"\x89PNG\r\n\x1a\n", "not a table"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "not a table"),
        (bytes(range(256)), "not a table"),
        (b"PK\x03\x04 but no more", "cannot be read"),
        (b"\xef\xbb\xbf\xff\xfe", "damaged"),
        (b"x" * (MOST_BYTES + 1), "too large"),
        (b";".join([b"a"] * 70), "more than 60 columns"),
    ],
)
def test_what_is_no_table_is_said_so(data, sentence):
    with pytest.raises(Unreadable, match=sentence):
        read_file(data, most_rows=5)


def test_a_line_that_no_reader_takes_is_said_to_be_one():
    with pytest.raises(Unreadable, match="Line 2 of this file cannot be read"):
        read_file(b"Vehicle;Start\n" + b"x" * 140_000, most_rows=5)


def test_another_archive_is_no_workbook():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("letter.txt", "Dear all")
    with pytest.raises(Unreadable, match="cannot be read"):
        read_file(file.getvalue(), most_rows=5)


def test_a_broken_sheet_is_said_to_be_one():
    data = changed(sheet(["a"], ["b"]), **{"xl/worksheets/sheet1.xml": "<worksheet><sheetData>"})
    with pytest.raises(Unreadable, match="cannot be read"):
        read_file(data, most_rows=5)
