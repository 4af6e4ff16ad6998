"""Coordinates as they are pasted from the maps that people use."""

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from sites.finding.coordinates import read_coordinates

BERLIN = (pytest.approx(52.51704, abs=2e-5), pytest.approx(13.38886, abs=2e-5))
SYDNEY = (pytest.approx(-33.8568, abs=2e-4), pytest.approx(151.2153, abs=2e-4))
RIO = (pytest.approx(-22.9519, abs=2e-4), pytest.approx(-43.2105, abs=2e-4))

IN_BERLIN = [
    # As Google Maps, Apple Maps and OpenStreetMap put them on the clipboard.
    "52.51703670546594, 13.388859882486896",
    "52.51704° N, 13.38886° E",
    "52°31'01.3\"N 13°23'19.9\"E",
    "52° 31′ 1.34″ N, 13° 23′ 19.9″ E",
    "52°31’1,34”N 13°23’19,9”E",
    "52°31.0224' N 13°23.3316' E",
    "N 52° 31.0224 E 013° 23.3316",
    "N52°31'01.34\" E13°23'19.90\"",
    "52 31 1.34 N 13 23 19.9 E",
    "N52.51704 E13.38886",
    "13.38886 E, 52.51704 N",
    "52.51704N/13.38886E",
    "52.51704/13.38886",
    "52.51704 13.38886",
    "(52.51704, 13.38886)",
    "Lat: 52.51704, Lon: 13.38886",
    "latitude 52.51704 longitude 13.38886",
    # With the comma of most of Europe.
    "52,51704; 13,38886",
    "52,51704;13,38886",
    "52,51704 13,38886",
    "52,51704, 13,38886",
    "52,51704,13,38886",
    "52,51704° N, 13,38886° O",
    "geo:52.51704,13.38886",
    "geo:52.51704,13.38886,34;crs=wgs84;u=35",
    "geo:0,0?q=52.51704,13.38886(Friedrichstraße)",
    "geo:52.51704,13.38886?z=17",
    "https://www.google.com/maps/place/Berlin/@52.5,13.3,17z/data=!3m1!8m2!3d52.51704!4d13.38886",
    "https://www.google.com/maps/@52.51704,13.38886,17z?entry=ttu",
    "https://www.google.com/maps?q=52.51704,13.38886",
    "https://www.google.com/maps/search/?api=1&query=52.51704%2C13.38886",
    "https://www.google.com/maps/dir/?api=1&destination=52.51704,13.38886",
    "https://www.google.de/maps/search/52.51704,+13.38886?sa=X",
    "https://www.google.com/maps/place/52%C2%B031'01.3%22N+13%C2%B023'19.9%22E/@52.4,13.1,9z",
    "maps.google.com/?ll=52.51704,13.38886",
    "https://maps.apple.com/?ll=52.51704,13.38886&q=Friedrichstra%C3%9Fe&t=m",
    "https://maps.apple.com/place?coordinate=52.51704,13.38886&name=Here",
    "https://www.openstreetmap.org/#map=17/52.51704/13.38886",
    "https://www.openstreetmap.org/node/1#map=19/52.51704/13.38886&layers=N",
    "https://www.openstreetmap.org/?mlat=52.51704&mlon=13.38886#map=12/52.4/13.2",
    "https://www.bing.com/maps?cp=52.51704~13.38886&lvl=16",
    "https://wego.here.com/?map=52.51704,13.38886,15,normal",
    "https://www.waze.com/ul?ll=52.51704%2C13.38886&navigate=yes",
    "Friedrichstraße https://www.google.com/maps?q=52.51704,13.38886",
]


@pytest.mark.parametrize("text", IN_BERLIN)
def test_coordinates_are_understood_as_they_are_pasted(text):
    assert read_coordinates(text) == BERLIN


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("33°51'24.5\"S 151°12'55.1\"E", SYDNEY),
        ("-33.8568, 151.2153", SYDNEY),
        ("−33.8568, 151.2153", SYDNEY),
        ("S33.8568 E151.2153", SYDNEY),
        ("22.9519 S, 43.2105 W", RIO),
        ("-22,9519; -43,2105", RIO),
        ("https://www.google.com/maps/@-22.9519,-43.2105,15z", RIO),
        ("https://www.openstreetmap.org/#map=15/-22.9519/-43.2105", RIO),
    ],
)
def test_south_and_west(text, point):
    assert read_coordinates(text) == point


@pytest.mark.parametrize(
    ("language", "text", "point"),
    [
        ("de", "52,5° N, 13,4° O", (52.5, 13.4)),
        ("fr", "48,8° N, 1,5° O", (48.8, -1.5)),
        ("fr", "48,8° N, 2,3° E", (48.8, 2.3)),
        ("nl", "33,5° Z, 18,4° O", (-33.5, 18.4)),
    ],
)
def test_letters_are_the_readers(language, text, point):
    with translation.override(language):
        assert read_coordinates(text) == point


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Berlin",
        "12 34 56",
        "10115 Berlin",
        "EC1A 1BB",
        "100 N 200 E",
        "450 South 900 East, Salt Lake City",
        "5th Avenue 52, New York",
        "Straße des 17. Juni 135",
        "52.5",
        "52.5 N",
        "52.5 N, 13.4 S",
        "-52.5 N, 13.4 E",
        "52°61' N, 13°23' E",
        "52.5.1, 13.4",
        "٥٢.٥, ١٣.٤",
        "geo:",
        "geo:here",
        "geo:0,0?q=Berlin",
        "https://maps.app.goo.gl/AbCdEf",
        "https://www.google.com/maps/place/Berlin",
        "https://[",
        "https://x.example/?q=https://y.example/?q=1",
    ],
)
def test_what_is_something_else(text):
    found = read_coordinates(text)
    assert found is None or found == (0, 0)


def in_degrees(point) -> str:
    latitude, longitude = point
    south, west = "NS"[latitude < 0], "EW"[longitude < 0]
    return f"{abs(latitude):.5f}°{south} {abs(longitude):.5f}°{west}"


def in_seconds(point) -> str:
    words = []
    for angle, letters in zip(point, ("NS", "EW"), strict=True):
        tenths = round(abs(angle) * 36000)
        parts = tenths // 36000, tenths // 600 % 60, tenths % 600 / 10
        words.append("{}°{:02}'{:04.1f}\"{}".format(*parts, letters[angle < 0]))
    return " ".join(words)


WRITINGS = [
    in_degrees,
    in_seconds,
    lambda point: f"{point[0]:.7f}, {point[1]:.7f}",
    lambda point: f"{point[0]:.5f} {point[1]:.5f}",
    lambda point: f"{point[0]:.5f}; {point[1]:.5f}".replace(".", ","),
    lambda point: f"geo:{point[0]:.6f},{point[1]:.6f}",
    lambda point: f"https://www.google.com/maps/@{point[0]:.7f},{point[1]:.7f},17z",
    lambda point: f"https://www.openstreetmap.org/#map=17/{point[0]:.5f}/{point[1]:.5f}",
]


@given(
    st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
    st.sampled_from(WRITINGS),
)
def test_what_is_written_is_read(point, write):
    assert read_coordinates(write(point)) == tuple(pytest.approx(x, abs=2e-5) for x in point)


@given(st.text(alphabet="0123456789.,;°'\" NSEWO+-/?=&@#!:dhtpsgemao", max_size=60))
def test_anything_is_read_or_is_not(text):
    found = read_coordinates(text)
    assert found is None or len(found) == 2
