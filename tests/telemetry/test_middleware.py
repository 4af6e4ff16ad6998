"""Each page has a request id, is counted, and goes on into the tasks that it starts."""

import pytest
from celery import current_app
from django.http import HttpResponse

from config.services import ROWS_QUEUE
from telemetry.logs import accept_request_id, bound, note_answer, request_id

PROXYS_ID = "5f2b7d0c9e8a4d61a3f0c2b1d4e5f607"


@pytest.mark.parametrize(
    "offered", [PROXYS_ID, "Root=1-67891233-abcdef012345678912345678", "a.b_c-d=8"]
)
def test_an_id_from_the_proxy_is_kept(client, offered):
    assert client.get("/health/live", headers={"X-Request-ID": offered})["X-Request-ID"] == offered


@pytest.mark.parametrize(
    "offered", ["", "short", "x" * 65, "ana@hudson.example", "a b c d e f", "é" * 9]
)
def test_what_is_no_id_is_replaced(offered):
    made = accept_request_id(offered)
    assert made != offered
    assert accept_request_id(made) == made


def test_every_answer_has_an_id_of_its_own(client, db):
    ids = [client.get(path)["X-Request-ID"] for path in ("/health/live", "/nowhere/", "/d/x/")]
    assert len(set(ids)) == 3
    assert request_id() == ""


def test_answers_are_counted_and_timed_by_view(client, as_manager, counted):
    as_manager.get("/bookings/")
    as_manager.get("/bookings/")
    as_manager.get("/nowhere/secret-segment/")
    as_manager.put("/bookings/")

    assert counted("chargebook_web_requests_total") == {
        ("bookings:list", "GET", "200"): 2,
        ("bookings:list", "other", "405"): 1,
        ("none", "GET", "404"): 1,
    }
    assert counted("chargebook_web_seconds_count")["bookings:list",] == 3


def test_files_are_not_counted_but_missing_ones_are(rf, counted):
    """Files are served before an address is looked up."""
    for status in (200, 304, 404):
        note_answer(rf.get("/static/favicon.svg"), HttpResponse(status=status), seconds=0.1)
    assert counted("chargebook_web_requests_total") == {("none", "GET", "404"): 1}


def test_what_changes_something_is_told_and_who_looks_is_not(as_manager, fleet, written):
    as_manager.get("/bookings/", headers={"X-Request-ID": PROXYS_ID})
    as_manager.post("/drivers/fleet/", {"fleet": fleet.pk}, headers={"X-Request-ID": PROXYS_ID})
    told = {
        line["level"]: (line["request_id"], line["method"], line["view"], line["status"])
        for line in written.with_message("answered")
    }
    assert told == {
        "DEBUG": (PROXYS_ID, "GET", "bookings:list", 200),
        "INFO": (PROXYS_ID, "POST", "drivers:switch_fleet", 302),
    }


def test_refusals_that_django_logs_afterwards_have_the_id(client, db, written):
    client.get("/d/not-a-link/", headers={"X-Request-ID": PROXYS_ID})
    (line,) = written.with_message("Not Found")
    assert line["request_id"] == PROXYS_ID
    assert line["message"] == "Not Found: /d/<str:secret>/"


def test_a_task_takes_the_id_of_its_page_along():
    with current_app.connection_for_write() as connection:
        queue = connection.SimpleQueue(ROWS_QUEUE)
        queue.clear()
        with bound(request_id=PROXYS_ID):
            current_app.send_task("bookings.tasks.submit_requests")
        current_app.send_task("bookings.tasks.submit_requests")
        first, second = queue.get(timeout=5), queue.get(timeout=5)
        queue.close()
    assert first.headers["chargebook_request_id"] == PROXYS_ID
    assert "chargebook_request_id" not in second.headers
