"""The simulated operator's tiles and its geocoder."""

import xml.etree.ElementTree as ET

import pytest

SVG = "{http://www.w3.org/2000/svg}"


def test_a_tile_has_lines_and_the_towns_of_the_sites(http):
    # Between New York and Albany.
    answer = http.get("/tiles/7/37/48.svg")

    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    root = ET.fromstring(answer.text)
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert "Brooklyn" in texts or "New York" in texts
    assert any(text.endswith("N") for text in texts)
    assert any(text.endswith("W") for text in texts)


def test_a_name_over_an_edge_is_drawn_on_both_sides(http):
    drawn = [
        column
        for column in range(54, 60)
        if "Port Adelaide" in http.get(f"/tiles/6/{column}/38.svg").text
    ]
    assert drawn == [56, 57]
    assert http.get("/tiles/0/0/0.svg").text.count("Port Adelaide") == 1


@pytest.mark.parametrize(
    "path", ["1/2/0", "1/0/2", "20/0/0", "400/0/0", "99999999999/0/0", "1/-1/0"]
)
def test_beyond_the_world_there_is_no_tile(http, path):
    assert http.get(f"/tiles/{path}.svg").status_code == 404


def test_texts_of_sites_are_escaped(http, world):
    next(iter(world.locations.values())).city = "<script>x</script>"
    for path in ("0/0/0", "3/2/2"):
        text = http.get(f"/tiles/{path}.svg").text
        assert "<script>" not in text
        ET.fromstring(text)


def test_towns_and_addresses_are_found(http):
    def found(**params):
        return [each["display_name"] for each in http.get("/places/search", params=params).json()]

    assert found(q="BROOKLYN", limit=1) == ["Brooklyn"]
    assert found(q="venissieux")[0] == "Vénissieux"
    assert found(q="pier lane brooklyn") == ["70 Pier Lane, Brooklyn, NY 11231"]
    assert found(q="Atlantis") == found(q="") == found() == []
    assert found(q="Brooklyn", limit="-3") == []
    assert http.get("/places/search", params={"q": "brooklyn", "limit": "x"}).status_code == 200
