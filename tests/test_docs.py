"""The documents say what the code does."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from bookings.models import Booking, BookingRequest

LIFE = Path(settings.BASE_DIR) / "docs" / "life-of-a-booking.md"
ARROW = re.compile(r"^\s+(\S+) --> ([^\s:]+)", re.MULTILINE)


def diagrams() -> list[set[tuple[str, str]]]:
    """Return the arrows of each state diagram, with statuses as the code spells them."""
    blocks = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", LIFE.read_text(), re.DOTALL)
    return [
        {tuple(end.replace("_", "-") for end in arrow) for arrow in ARROW.findall(block)}
        for block in blocks
    ]


def arrows(moves: dict[str, frozenset[str]], *, beginnings: set[str]) -> set[tuple[str, str]]:
    """Return a table of moves as arrows, with where a life begins and ends."""
    found = {(str(old), str(new)) for old, onward in moves.items() for new in onward}
    found |= {("[*]", each) for each in beginnings}
    return found | {(str(old), "[*]") for old, onward in moves.items() if not onward}


@pytest.mark.parametrize(
    ("number", "model", "beginnings"),
    [(0, Booking, {"requested", "accepted"}), (1, BookingRequest, {"queued"})],
    ids=["booking", "request"],
)
def test_the_diagram_is_the_codes(number, model, beginnings):
    assert diagrams()[number] == arrows(model.MOVES, beginnings=beginnings)


def test_every_status_is_in_the_diagram_but_the_one_that_is_not_known():
    drawn = {end for arrow in diagrams()[0] for end in arrow} - {"[*]"}
    assert drawn == set(Booking.Status.values) - {"unknown"}


def test_documents_link_to_what_exists():
    root = Path(settings.BASE_DIR)
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "tests").rglob("*.md")]
    links = [
        (page.name, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text())
        if "://" not in link and not (page.parent / link).exists()
    ]
    assert links == []
