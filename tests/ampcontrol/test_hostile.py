"""Nothing that Ampcontrol sends breaks us: answers with parts missing, swapped, beyond belief."""

import json
import random
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampcontrol.client import AmpcontrolClient
from ampcontrol.types import Point
from tests.ampcontrol.stand_in import ORIGIN, TOKEN, payload
from tests.ampcontrol.test_reading import FOREVER, LISTS, SERIES
from tests.ampcontrol.test_types import PARSERS
from tests.fuzz.test_payloads import JUNK, examples, spoil
from upstream.errors import UpstreamError
from upstream.readers import UnreadablePayload

SEEDS = st.integers(min_value=0, max_value=2**32)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(JUNK),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def parse(reader, told):
    try:
        return reader(told)
    except UnreadablePayload:
        return None


@pytest.mark.parametrize("noun", PARSERS)
@given(seed=SEEDS, times=st.integers(1, 6))
@examples(60)
def test_a_spoilt_record_is_read_or_is_unreadable(noun, seed, times):
    told = spoil(payload(noun), random.Random(seed), times)
    if isinstance(told, dict):
        parse(PARSERS[noun].from_payload, told)


@pytest.mark.parametrize("noun", PARSERS)
@pytest.mark.parametrize("key", ["id", "every other"])
def test_junk_in_any_field(noun, key):
    for junk in JUNK:
        told = payload(noun)
        for name in told:
            if (name == "id") == (key == "id"):
                parse(PARSERS[noun].from_payload, {**told, name: junk})


@given(told=JSON)
@examples(200)
def test_anything_at_all_is_a_series_or_is_none(told):
    parse(Point.series_from_payload, told)


@given(told=st.dictionaries(st.sampled_from([*payload("optimization"), "profile", "x"]), JSON))
@examples(100)
def test_any_object_is_an_optimization_or_is_none(told):
    parse(PARSERS["optimization"].from_payload, {"id": "o-1", **told})


@pytest.mark.parametrize("noun", PARSERS)
@given(seed=SEEDS)
@examples(40)
def test_what_was_read_is_within_bounds(noun, seed):
    """Numbers, texts and instants fit what keeps them, whatever was told."""
    told = spoil(payload(noun), random.Random(seed), 4)
    found = parse(PARSERS[noun].from_payload, told) if isinstance(told, dict) else None
    for name in found.__slots__ if found else ():
        value = getattr(found, name)
        if isinstance(value, Decimal):
            assert value.is_finite()
            assert abs(value) <= 10_000_000
        elif isinstance(value, str):
            assert len(value) <= 500
            assert "\x00" not in value
        elif name.endswith("_at") or name == "at":
            assert value is None or 1970 <= value.year < 3000


@pytest.mark.parametrize("name", [*LISTS, *SERIES])
@given(seed=SEEDS, times=st.integers(1, 4))
@examples(15)
def test_a_spoilt_answer_is_read_or_is_an_upstream_error(name, seed, times):
    ask, noun = (LISTS[name][0], LISTS[name][3]) if name in LISTS else (SERIES[name][0], "profile")
    whole = {"status": "success", "data": [payload(noun), payload(noun)], "total": 2}
    if noun == "profile":
        whole["data"] = payload(noun)
    body = spoil(whole, random.Random(seed), times)
    network = httpx.MockTransport(lambda request: httpx.Response(200, content=_dumped(body)))
    client = AmpcontrolClient(base_url=ORIGIN, token=TOKEN, transport=network, max_retry_seconds=0)
    try:
        list(ask(client))
    except UpstreamError:
        pass
    finally:
        client.close()


def _dumped(body) -> bytes:
    return json.dumps(body).encode("utf-8", errors="surrogatepass")


def test_an_uptime_is_a_share_or_none(reader, platform):
    for junk in JUNK:
        told = _dumped({"status": "success", "data": [{"uptime": junk}]})
        platform.answers("GET", "kpis/uptime/network", httpx.Response(200, content=told))
        share = reader.network_uptime("n-1", **FOREVER)
        assert share is None or 0 <= share <= 1
