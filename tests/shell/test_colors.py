"""Whatever colour the operator sets, text in it and on it can be read."""

import colorsys
import random

import pytest

from shell.colors import (
    DARK_GROUNDS,
    LEAST_CONTRAST,
    LIGHT_GROUNDS,
    TINT,
    contrast,
    is_color,
    mixed,
    shades_of,
)

CHANCE = random.Random(7)
RANDOM = [f"#{CHANCE.randrange(2**24):06x}" for _ in range(300)]
EXTREMES = ["#000000", "#ffffff", "#ffff00", "#00ff00", "#0000ff", "#ff0000", "#808080", "#767676"]


def hue(color: str) -> float:
    parts = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return colorsys.rgb_to_hsv(*parts)[0]


def test_contrast_is_the_one_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#ffffff") == pytest.approx(1)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert contrast("#ffffff", "#0000ff") == contrast("#0000ff", "#ffffff")


@pytest.mark.parametrize("color", [*EXTREMES, *RANDOM])
def test_every_colour_becomes_readable_on_light_and_dark(color):
    shades = shades_of(color)
    for shade, strong, on, grounds in (
        (shades.light, shades.light_strong, shades.on_light, LIGHT_GROUNDS),
        (shades.dark, shades.dark_strong, shades.on_dark, DARK_GROUNDS),
    ):
        for each in (shade, strong):
            assert contrast(on, each) >= LEAST_CONTRAST
            for ground in grounds:
                assert contrast(each, ground) >= LEAST_CONTRAST
        for ground in grounds:
            assert contrast(shade, mixed(ground, shade, TINT)) >= LEAST_CONTRAST


@pytest.mark.parametrize("color", ["#0b5cad", "#7a1f5c", "#00573f"])
def test_a_colour_that_fits_stays_as_it_is(color):
    assert shades_of(color).light == color


@pytest.mark.parametrize("color", ["#ffcc00", "#00aaff", "#e2007a"])
def test_a_colour_keeps_its_hue(color):
    shades = shades_of(color)
    assert hue(shades.light) == pytest.approx(hue(color), abs=0.02)
    assert hue(shades.dark) == pytest.approx(hue(color), abs=0.02)


@pytest.mark.parametrize("text", ["", "blue", "#fff", "#12345g", "#1234567", "#123456\n", "123456"])
def test_only_six_digits_are_a_colour(text):
    assert not is_color(text)
