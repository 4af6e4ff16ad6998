"""Asks a geocoder that answers as Nominatim does where a place is. See GEOCODER_URL."""

import hashlib
import json
import logging
import math
from typing import Any

import httpx
from django.conf import settings
from django.core.cache import cache

from mirror.search import search_key
from upstream.readers import is_nowhere

SECONDS = 3.0
REMEMBERED = 24 * 3600
# After a failure nobody else waits for it for so long.
AWAY = 30
AWAY_KEY = "geocoder-away"
MOST_BYTES = 256 * 1024
NOTHING = "nothing"

logger = logging.getLogger(__name__)

Answer = tuple[float, float, str]


class GeocoderAway(Exception):
    """The geocoder does not answer, or not with what can be understood."""


def ask_geocoder(text: str) -> Answer | None:
    """Return latitude, longitude and name of the best match, or None where it knows none.

    Answers are remembered for a day. Raises GeocoderAway.
    """
    # What people type is no key of the cache.
    key = f"geocoder:{hashlib.sha256(search_key(text).encode()).hexdigest()}"
    known = cache.get(key)
    if known is None:
        if cache.get(AWAY_KEY):
            raise GeocoderAway
        known = _ask(text) or NOTHING
        cache.set(key, known, REMEMBERED)
    return None if known == NOTHING else tuple(known)


def _ask(text: str) -> Answer | None:
    try:
        return _read(_fetch(text))
    except (httpx.HTTPError, ValueError, TypeError, KeyError) as error:
        cache.set(AWAY_KEY, True, AWAY)
        # Not what was looked for: it may be somebody's address.
        logger.warning("The geocoder did not answer: %s", type(error).__name__)
        raise GeocoderAway from error


def _fetch(text: str) -> bytes:
    headers = {"User-Agent": user_agent(), "Accept": "application/json"}
    params = {"q": text, "format": "jsonv2", "limit": "1"}
    url = f"{settings.GEOCODER_URL}/search"
    with (
        httpx.Client(timeout=SECONDS, headers=headers, trust_env=False) as client,
        client.stream("GET", url, params=params) as response,
    ):
        response.raise_for_status()
        body = b""
        for part in response.iter_bytes():
            body += part
            if len(body) > MOST_BYTES:
                raise ValueError("The answer is too long.")
    return body


def _read(body: bytes) -> Answer | None:
    """Return the first match of an answer. Raises ValueError, TypeError or KeyError."""
    matches: list[dict[str, Any]] = json.loads(body)
    if not isinstance(matches, list):
        raise TypeError("A list was expected.")
    if not matches:
        return None
    latitude, longitude = float(matches[0]["lat"]), float(matches[0]["lon"])
    if not is_on_the_globe(latitude, longitude):
        raise ValueError("The match is nowhere on the globe.")
    if is_nowhere(latitude, longitude):
        return None
    return latitude, longitude, str(matches[0].get("display_name", ""))[:200]


def is_on_the_globe(latitude: float, longitude: float) -> bool:
    return math.isfinite(latitude + longitude) and abs(latitude) <= 90 and abs(longitude) <= 180


def user_agent() -> str:
    name = settings.PORTAL_NAME.encode("ascii", "ignore").decode().strip() or "Chargebook"
    return f"{name} ({settings.SITE_URL})"
