"""The table of recipes names calls that the suite makes, and that the vendor's document has."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.conf import settings

from ampeco.client import AmpecoClient
from tests.ampeco.test_contract import CALLS
from tests.contract.checker import ContractChecker
from tests.scripted_operator import BASE_URL, TOKEN
from upstream.errors import UpstreamError
from upstream.rate_gate import MemoryGate

TABLE = Path(settings.BASE_DIR) / "docs" / "recipes.md"
CALL = re.compile(r"`(GET|POST|PATCH|DELETE) ((?:resources|actions)/[^`]+)`")


def named() -> set[tuple[str, str]]:
    """Return the calls of the table: method, and path without prefix."""
    return set(CALL.findall(TABLE.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def made() -> set[tuple[str, str]]:
    """Make every call of the client that the suite checks; return which the document calls them."""
    checker = ContractChecker()
    seen = set()

    def answer(request: httpx.Request) -> httpx.Response:
        path = checker.template_of(request).removeprefix("/public-api/")
        seen.add((request.method, path))
        # What comes back is another test's; here the calls end.
        return httpx.Response(404, json={})

    client = AmpecoClient(
        base_url=BASE_URL,
        token=TOKEN,
        transport=httpx.MockTransport(answer),
        gate=MemoryGate(),
        max_retry_seconds=0,
    )
    for _operation, _data, make in CALLS.values():
        try:
            result = make(client)
            if isinstance(result, Iterator):
                list(result)
        except UpstreamError:
            continue
    return seen


def test_every_call_of_the_table_is_made(made):
    assert len(named()) > 30
    assert named() - made == set()


def test_every_recipe_has_its_rows():
    numbers = re.findall(r"^\| (\d) ", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert numbers == list("12345678")
