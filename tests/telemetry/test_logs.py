"""How log lines look, and what is on them."""

import io
import json
import logging
import logging.config

import pytest
import time_machine
from django.test import RequestFactory

from telemetry.logs import Json, Lines, bound, logging_config


@pytest.fixture
def log():
    """A function that logs with one formatter, and returns what was written."""

    def log(formatter: logging.Formatter, *args, **kwargs) -> str:
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        logger = logging.Logger("sync.submission")
        logger.addHandler(handler)
        logger.warning(*args, **kwargs)
        return stream.getvalue()

    return log


def test_json_has_one_object_a_line_with_the_facts_at_hand(log):
    with bound(request_id="abcdef12", task="bookings.tasks.submit_requests"):
        text = log(Json(), "Sent %s.\nTwice.", 7, extra={"booking_id": 3, "driver": "Ana"})

    assert text.count("\n") == 1
    entry = json.loads(text)
    assert entry.pop("time").endswith("+00:00")
    assert entry == {
        "level": "WARNING",
        "logger": "sync.submission",
        "message": "Sent 7.\nTwice.",
        "request_id": "abcdef12",
        "task": "bookings.tasks.submit_requests",
        "booking_id": 3,
    }


def test_lines_are_for_people(log):
    with bound(request_id="abcdef12"):
        text = log(Lines(), "Sent %s.", 7)
    assert text.endswith("WARNING sync.submission: Sent 7. [request_id=abcdef12]\n")
    assert log(Lines(), "Done.").endswith(": Done.\n")


@pytest.mark.parametrize("formatter", [Json, Lines])
def test_tracebacks_are_there_and_scrubbed(log, formatter):
    try:
        raise ValueError("ana@hudson.example has the token sesame-token")
    except ValueError:
        text = log(formatter(secrets=["sesame-token"]), "It broke.", exc_info=True)
    assert "Traceback" in text
    assert "[e-mail] has the token [secret]" in text


def test_facts_end_with_their_block(log):
    with bound(request_id="abcdef12"), bound(booking_id=3):
        pass
    assert set(json.loads(log(Json(), "Done."))) == {"time", "level", "logger", "message"}


def test_who_repeats_that_a_server_is_away_is_heard_once_in_a_while(written):
    logger = logging.getLogger("django_redis.cache")
    with time_machine.travel(0, tick=False) as clock:
        for _ in range(3):
            try:
                raise ConnectionError("10.0.0.7")
            except ConnectionError:
                logger.exception("Exception ignored")
        assert [line["message"] for line in written.lines] == ["Exception ignored"]
        assert "traceback" not in written.lines[0]
        logger.error("Something else")
        clock.shift(31)
        logger.error("Exception ignored")
    assert len(written.lines) == 3


def test_what_others_put_on_records_cannot_break_a_line(log):
    entry = json.loads(log(Json(), "Done.", extra={"status": ["a"], "kind": "x@y.example"}))
    assert "status" not in entry
    assert entry["kind"] == "[e-mail]"


def test_an_address_is_told_by_its_pattern(log, client, db):
    request = client.get("/bookings/12/").wsgi_request
    text = log(Json(), "%s: %s", "Not Found", request.path, extra={"request": request})
    assert json.loads(text)["message"] == "Not Found: /bookings/<int:pk>/"
    assert json.loads(text)["request_id"] == request.request_id


def test_an_address_that_nobody_knows_loses_its_long_parts(log):
    request = RequestFactory().get("/x/eyJhbGciOiJIUzI1NiJ9abc/")
    text = log(Json(), "%s: %s", "Not Found", request.path, extra={"request": request})
    assert json.loads(text)["message"] == "Not Found: /x/[…]/"


@pytest.mark.parametrize(("form", "formatter"), [("json", Json), ("lines", Lines)])
def test_the_setting_chooses_the_form(form, formatter):
    config = logging_config(form=form, level="INFO", secrets=["sesame-token", ""])
    made = logging.config.DictConfigurator(config).configure_formatter(config["formatters"]["line"])
    assert isinstance(made, formatter)
    assert "sesame" not in made.format(logging.makeLogRecord({"msg": "sesame-token"}))
