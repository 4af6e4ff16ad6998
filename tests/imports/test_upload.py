"""What is sent as a file: kept from page to page, as far as it is understood."""

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from imports.booking_columns import COLUMNS
from imports.upload import LONGEST_TEXT, UploadForm
from spreadsheets.columns import understand

pytestmark = pytest.mark.django_db


def uploaded(*lines):
    file = SimpleUploadedFile("table.csv", "\n".join(lines).encode())
    return UploadForm({}, {"file": file}, most_rows=500, columns=COLUMNS)


def test_a_large_file_is_kept_without_what_is_not_understood(send, van):
    lines = [f"Van 1;{'x' * 490};18:00;{'x' * 490};{number}" for number in range(450)]
    data = "\n".join(["Vehicle;Notes;Start;;Reference", *lines]).encode()
    assert LONGEST_TEXT < len(data) < settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    page = send("bookings", file=SimpleUploadedFile("table.csv", data))
    for _again in range(2):
        reading = page.context["reading"]
        assert len(reading.lines) == 450
        assert reading.understood.ignored == ("Notes",)
        assert reading.lines[7].row.reference == "7"
        page = send("bookings", text=page.context["as_text"])


def test_what_is_too_long_to_be_kept_is_refused_at_once():
    letters = ["x", "ü", "車"]
    for letter, rows in zip(letters, (500, 300, 200), strict=True):
        lines = [f"{letter * 490};{letter * 490};18:00" for _row in range(rows)]
        form = uploaded("Vehicle;Driver;Start", *lines)
        assert not form.is_valid()
        assert "send it in parts" in form.errors["file"][0]
    kept = uploaded("Vehicle;Driver;Start", *[f"{'車' * 240};x;18:00" for _row in range(400)])
    assert kept.is_valid()
    # As browsers send it: with two signs at the end of each line.
    sent = kept.as_text.replace("\n", "\r\n")
    assert UploadForm({"text": sent}, most_rows=500, columns=COLUMNS).is_valid()
    assert len(sent.encode()) < settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def test_rows_of_which_nothing_is_understood_stay_in_sight():
    form = uploaded("Vehicle;Notes;Start", "Van 1;x;18:00", ";by hand;", ";;")
    assert form.is_valid()
    assert [number for number, _row in form.table.rows] == [2, 3]
    understood = understand(form.table, COLUMNS)
    assert [understood.cell(row, "vehicle") for _number, row in form.table.rows] == ["Van 1", ""]
