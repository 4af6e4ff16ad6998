"""The table of recipes names calls that pages and jobs of the product make."""

import ast
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

ROOT = Path(settings.BASE_DIR)
TABLE = ROOT / "docs" / "recipes.md"
CALL = re.compile(r"`(GET|POST|PATCH|DELETE) ((?:resources|actions)/[^`]+)`")
# Rooms that are not the product, or are the clients themselves.
NOT_THE_PRODUCT = {"ampeco", "ampcontrol", "sandbox", "tests", "tools"}
METHODS = {call.split()[0] for call in CALLS}


def named() -> set[tuple[str, str]]:
    """Return the calls of the table: method, and path without prefix."""
    return set(CALL.findall(TABLE.read_text(encoding="utf-8")))


def used(source: str) -> set[str]:
    """Return the methods of the client that a module calls, or hands on to be called."""
    return {
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and node.attr in METHODS and _is_client(node.value)
    }


def _is_client(node: ast.expr) -> bool:
    match node:
        case ast.Name(id="client") | ast.Attribute(attr="client" | "_client"):
            return True
        case ast.Call(func=ast.Name(id="get_client")):
            return True
    return False


@pytest.fixture(scope="module")
def used_by_the_product() -> set[str]:
    rooms = (path.parent for path in ROOT.glob("*/__init__.py"))
    files = [
        path for room in rooms if room.name not in NOT_THE_PRODUCT for path in room.rglob("*.py")
    ]
    assert len(files) > 500
    return set().union(*(used(path.read_text(encoding="utf-8")) for path in files))


@pytest.fixture(scope="module")
def made(used_by_the_product) -> set[tuple[str, str]]:
    """Make every call that the product uses; return which of the vendor's document those are."""
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
    for call, (_operation, _data, make) in CALLS.items():
        if call.split()[0] not in used_by_the_product:
            continue
        try:
            result = make(client)
            if isinstance(result, Iterator):
                list(result)
        except UpstreamError:
            continue
    return seen


def test_every_call_of_the_table_is_made_by_the_product(made):
    assert len(named()) > 30
    assert named() - made == set()


def test_the_client_can_do_nothing_that_the_product_does_not_use(used_by_the_product):
    assert METHODS - used_by_the_product == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("client.read_receipt(1)", {"read_receipt"}),
        ("walk(run, self._client.tariff_pages)", {"tariff_pages"}),
        ("get_client().read_session(1)", {"read_session"}),
        ("accounts.read_receipt(1)", set()),
        ("client.read_everything()", set()),
    ],
)
def test_what_counts_as_a_use(source, found):
    assert used(source) == found


def test_every_recipe_has_its_rows():
    numbers = re.findall(r"^\| (\d) ", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert numbers == list("12345678")
