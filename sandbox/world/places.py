"""Where the operator's own sites are, answered as Nominatim answers: a stand-in for a geocoder."""

import json
import unicodedata
from collections.abc import Iterable
from math import atan2, cos, degrees, hypot, radians, sin
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.world.records import Location
from sandbox.world.world import World

MOST = 50


def search(world: World, request: Request) -> Response:
    """Answer with the towns, and then the addresses, that what is asked for names."""
    with world.lock:
        found = list(_matches(world, request.args.get("q", "")))
    limit = min(request.args.get("limit", 10, type=int), MOST)
    body = json.dumps(found[: max(limit, 0)], ensure_ascii=False)
    return Response(body, mimetype="application/json")


def towns(world: World) -> list[tuple[str, float, float, int]]:
    """Return each town with sites: its name, its place, and how many there are; by name."""
    by_town: dict[tuple[str, str], list[Location]] = {}
    for location in world.locations.values():
        if location.city and location.status == "enabled":
            by_town.setdefault((location.city, location.country), []).append(location)
    return [
        (name, *_centre(sites), len(sites)) for (name, _country), sites in sorted(by_town.items())
    ]


def _matches(world: World, asked: str) -> Iterable[dict[str, Any]]:
    wanted = _fold(asked)
    if not wanted:
        return
    for name, latitude, longitude, _sites in towns(world):
        if _fold(name) == wanted:
            yield _answer(name, latitude, longitude)
    words = wanted.split()
    for location in world.locations.values():
        texts = (location.street, location.post_code, location.city, location.state)
        text = _fold(" ".join(each for each in (*texts, location.address) if each))
        if all(word in text for word in words):
            name = location.address or location.city or ""
            yield _answer(name, location.latitude, location.longitude)


def _answer(name: str, latitude: float, longitude: float) -> dict[str, Any]:
    # Nominatim writes numbers as texts.
    return {
        "licence": "From the sites of the simulated operator",
        "lat": f"{latitude:.6f}",
        "lon": f"{longitude:.6f}",
        "display_name": name,
    }


def _centre(sites: list[Location]) -> tuple[float, float]:
    x = y = z = 0.0
    for site in sites:
        lat, lon = radians(site.latitude), radians(site.longitude)
        x, y, z = x + cos(lat) * cos(lon), y + cos(lat) * sin(lon), z + sin(lat)
    return degrees(atan2(z, hypot(x, y))), degrees(atan2(y, x))


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = (" " if each == "," else each for each in plain if not unicodedata.combining(each))
    return " ".join("".join(letters).split())
