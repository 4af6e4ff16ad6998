"""Tiles of a plain map: the lines of latitude and longitude, and the towns of the operator's sites.

It knows no coasts, roads or borders, and claims none. Tiles are those of web maps: zoom, column and
row in the Mercator projection, 256 units wide.
"""

from collections.abc import Iterator
from math import asinh, atan, ceil, degrees, floor, log2, pi, radians, sinh, tan

from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sandbox.world.places import towns
from sandbox.world.world import World

SIZE = 256
DEEPEST = 19
# Degrees between two lines, for zoom 0 and on: some 100 to 250 units.
STEPS = (90, 60, 30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
# How far a town's name may reach out of the tile that its place is in.
REACH = 120
# No two names are closer than this, but in different rows.
APART = (150, 40)

GROUND = Markup(
    '<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256" viewBox="0 0 256 256" '
    'font-family="system-ui, sans-serif"><rect width="256" height="256" fill="#eff2f4"/>'
    "{inside}</svg>"
)
LINE = Markup('<path d="{way}" fill="none" stroke="#d4dde3" stroke-width="1"/>')
DEGREES = Markup('<text x="{x:.1f}" y="{y:.1f}" font-size="10" fill="#71808a">{text}</text>')
TOWN = Markup(
    '<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="#6b7a85"/>'
    '<text x="{x:.1f}" y="{below:.1f}" font-size="12" fill="#465560" text-anchor="middle" '
    'stroke="#eff2f4" stroke-width="3" paint-order="stroke">{name}</text>'
)


def draw(world: World, zoom: int, column: int, row: int) -> Response:
    """Draw one tile; beyond the world there is none."""
    wide = 2**zoom if zoom <= DEEPEST else 0
    if not (0 <= column < wide and 0 <= row < wide):
        raise NotFound
    with world.lock:
        known = towns(world)
    parts = [*_graticule(zoom, column, row), *_names(known, zoom, column, row)]
    return Response(
        GROUND.format(inside=Markup("").join(parts)),
        mimetype="image/svg+xml",
        headers={"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"},
    )


def _graticule(zoom: int, column: int, row: int) -> Iterator[Markup]:
    step = STEPS[min(zoom, len(STEPS) - 1)]
    decimals = max(0, ceil(-log2(step) / log2(10))) if step < 1 else 0
    west, east = (_longitude(column + side, zoom) for side in (0, 1))
    north, south = (_latitude(row + side, zoom) for side in (0, 1))
    for number in range(ceil(west / step), floor(east / step) + 1):
        x = _x(number * step, zoom) - column * SIZE
        yield LINE.format(way=f"M{x:.1f} 0V{SIZE}")
        if x < SIZE - 40:
            yield DEGREES.format(x=x + 4, y=12, text=_named(number * step, "E", "W", decimals))
    for number in range(ceil(south / step), floor(north / step) + 1):
        y = _y(number * step, zoom) - row * SIZE
        yield LINE.format(way=f"M0 {y:.1f}H{SIZE}")
        if y > 24:
            yield DEGREES.format(x=4, y=y - 4, text=_named(number * step, "N", "S", decimals))


def _names(
    known: list[tuple[str, float, float, int]], zoom: int, column: int, row: int
) -> Iterator[Markup]:
    """Yield the towns in and around a tile. Where they crowd, the one with most sites is named.

    Which are is decided the same way for all tiles, since names reach over edges.
    """
    named: list[tuple[float, float]] = []
    for name, latitude, longitude, _sites in sorted(known, key=lambda town: (-town[3], town[0])):
        x, y = _x(longitude, zoom), _y(latitude, zoom)
        if any(abs(x - one) < APART[0] and abs(y - other) < APART[1] for one, other in named):
            continue
        named.append((x, y))
        x, y = x - column * SIZE, y - row * SIZE
        if -REACH <= x <= SIZE + REACH and -REACH <= y <= SIZE + REACH:
            yield TOWN.format(x=x, y=y, below=y + 16, name=name)


def _x(longitude: float, zoom: int) -> float:
    return float((longitude + 180) / 360 * 2**zoom * SIZE)


def _y(latitude: float, zoom: int) -> float:
    return float((1 - asinh(tan(radians(latitude))) / pi) / 2 * 2**zoom * SIZE)


def _longitude(column: int, zoom: int) -> float:
    return float(column / 2**zoom * 360 - 180)


def _latitude(row: int, zoom: int) -> float:
    return degrees(atan(sinh(pi * (1 - 2 * row / 2**zoom))))


def _named(angle: float, ahead: str, behind: str, decimals: int) -> str:
    text = f"{abs(angle):.{decimals}f}°"
    if not float(text[:-1]):
        return text
    return f"{text} {ahead if angle > 0 else behind}"
