"""Arithmetic on colours: a shade of any colour that can be read, by WCAG's measure of contrast."""

import re
from dataclasses import dataclass
from functools import lru_cache

LEAST_CONTRAST = 4.5
HEX = re.compile(r"#[0-9a-fA-F]{6}")

# The lightest and the darkest grounds of pages (static/css/base.css), and those of mails.
LIGHT_GROUNDS = ("#ffffff", "#f5f8fa", "#ebeff3")
DARK_GROUNDS = ("#0f151b", "#171e25", "#1f262d", "#262d34")
ON_LIGHT, ON_DARK = "#ffffff", "#0d1419"
BLACK, WHITE = "#000000", "#ffffff"
# How much of a colour is in the tints that its own text stands on, and those of a pressed button.
TINT = 0.12
STEPS = 200


@dataclass(frozen=True, slots=True)
class Shades:
    """A colour as it is used on light and on dark: as text, and as the ground under `on_…`."""

    light: str
    light_strong: str
    on_light: str
    dark: str
    dark_strong: str
    on_dark: str


def is_color(text: str) -> bool:
    return HEX.fullmatch(text) is not None


@lru_cache(maxsize=64)
def shades_of(color: str) -> Shades:
    """Return the shades of a colour that keep 4.5:1 on every ground, nearest to it.

    On light it is darkened, on dark lightened, and only as far as it has to be: a colour that fits
    stays as it is.
    """
    light = _readable(color, towards=BLACK, grounds=LIGHT_GROUNDS)
    dark = _readable(color, towards=WHITE, grounds=DARK_GROUNDS)
    return Shades(
        light=light,
        light_strong=mixed(light, BLACK, 0.25),
        on_light=ON_LIGHT,
        dark=dark,
        dark_strong=mixed(dark, WHITE, 0.25),
        on_dark=ON_DARK,
    )


def mixed(color: str, other: str, share: float) -> str:
    parts = zip(_parts(color), _parts(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in parts)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours: from 1, none, to 21, black on white."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _readable(color: str, *, towards: str, grounds: tuple[str, ...]) -> str:
    for step in range(STEPS + 1):
        shade = mixed(color, towards, step / STEPS)
        tinted = [mixed(ground, shade, TINT) for ground in grounds]
        if all(contrast(shade, ground) >= LEAST_CONTRAST for ground in (*grounds, *tinted)):
            break
    return shade


def _luminance(color: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (part / 255 for part in _parts(color))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(color: str) -> tuple[int, ...]:
    return tuple(int(color[at : at + 2], 16) for at in (1, 3, 5))
