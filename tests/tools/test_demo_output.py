"""What the demo says on the terminal, and what only in its logs."""

from datetime import UTC, datetime

import pytest
from honcho.printer import Message

from tools.demo.guide import banner
from tools.demo.run import LAST_LINES, DemoPrinter
from tools.demo.stack import DEFAULT_PORTS, make_stack

LOGINS = [
    {"email": "first@fleet.example", "password": "first-word", "what": "runs and books"},
    {"email": "second@fleet.example", "password": "second-word", "what": "looks"},
]


@pytest.fixture
def stack(tmp_path):
    return make_stack(tmp_path, dict(zip(DEFAULT_PORTS, range(41001, 41006), strict=True)))


@pytest.fixture
def say(stack):
    """A function by which a process of the demo says a line."""
    printer = DemoPrinter(stack)

    def say_line(name: str, line: str) -> DemoPrinter:
        data = line if name == "system" else line.encode()
        printer.write(Message("line", data, datetime.min.replace(tzinfo=UTC), name, None))
        return printer

    return say_line


def test_what_processes_say_goes_to_a_file_each(say, stack, capsys):
    say("web", "served\n")
    say("worker", "sent\n")
    say("guide", "Ready.\n")

    assert capsys.readouterr().out == "Ready.\n"
    assert stack.log_file("web").read_text() == "served\n"
    assert stack.log_file("worker").read_text() == "sent\n"


def test_what_a_process_said_last_is_shown_when_it_dies(say, stack, capsys):
    for number in range(LAST_LINES + 1):
        say("web", f"line {number}\n")
    say("worker", "was still at work\n")
    printer = say("system", "web stopped (rc=3)\n")

    shown = capsys.readouterr().out.splitlines()
    assert shown == [f"line {number}" for number in range(1, LAST_LINES + 1)]
    assert "web ended by itself (status 3)" in printer.fallen
    assert str(stack.log_file("web")) in printer.fallen


def test_what_ends_because_it_was_asked_to_is_not_shown(say, capsys):
    say("web", "served\n")
    say("system", "SIGINT received\n")
    printer = say("system", "web stopped (rc=-15)\n")

    assert "served" not in capsys.readouterr().out
    assert printer.fallen is None


def test_the_last_words_say_where_to_start_and_as_whom(stack):
    text = banner(stack, LOGINS)

    assert f"{stack.log_folder}/" in text
    last = text[text.index("Start here") :]
    for needed in (f"{stack.portal}/", "first@fleet.example", "first-word"):
        assert needed in last
    assert "second" not in last
