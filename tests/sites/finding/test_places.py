"""Where a place is: typed, found by a geocoder over HTTP, or known from the sites."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from sandbox.server import make
from sandbox.world.build import build_world
from sites.facts import distance_text
from sites.finding import geocoder
from sites.finding.places import Place, PlaceNotFound, centre_of, find_place
from sites.finding.search import by_distance
from sites.models import Location
from tests.factories import LocationFactory

pytestmark = pytest.mark.django_db


def place(text: str) -> Place:
    return find_place(text, sites=Location.objects.all())


def refusal(text: str) -> str:
    with pytest.raises(PlaceNotFound) as caught:
        place(text)
    return str(caught.value.message)


def serving(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    return stop


@pytest.fixture
def geocoding(settings):
    """The simulated operator's geocoder, over HTTP."""
    server = make(build_world(), host="127.0.0.1", port=0, token="t", mails=None)
    stop = serving(server)
    settings.GEOCODER_URL = f"http://127.0.0.1:{server.port}/places"
    yield server
    stop()


@pytest.fixture
def answering(settings):
    """Return a function that sets up a geocoder with one answer for all; it notes what came."""
    stops = []

    def start(body: str, *, status: int = 200) -> list[BaseHTTPRequestHandler]:
        came = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                came.append(self)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *args):
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        stops.append(serving(server))
        settings.GEOCODER_URL = f"http://127.0.0.1:{server.server_port}"
        return came

    yield start
    for stop in stops:
        stop()


class TestTyped:
    @pytest.mark.parametrize(
        ("text", "point"),
        [
            ("52.5, 13.4", (52.5, 13.4)),
            (" -34.85;138.5 ", (-34.85, 138.5)),
            ("+1,-2", (1, -2)),
            ("90,180", (90, 180)),
            ("52.51703670546594, 13.388859882486896", (52.51703670546594, 13.388859882486896)),
        ],
    )
    def test_coordinates_are_taken_as_they_are(self, text, point):
        assert place(text).point == point

    def test_they_are_named_to_a_metre(self):
        assert place("52°31'01.3\"N 113°23'19.9\"W").name == "52.51703, -113.38886"

    @pytest.mark.parametrize("text", ["0, 0", "0.0;-0.0", "0°0'0\"N 0°0'1\"E", "geo:0,0"])
    def test_nowhere_is_no_place(self, text):
        assert "We could not find this place" in refusal(text)

    @pytest.mark.parametrize(
        "text", ["https://maps.app.goo.gl/Abc", "Meet here: https://www.google.com/maps/place/Bern"]
    )
    def test_a_link_that_does_not_tell_goes_to_no_geocoder(self, text, answering):
        came = answering("[]")
        assert "This link does not say where the place is." in refusal(text)
        assert not came

    def test_a_link_may_be_longer_than_an_address(self, answering, as_manager):
        came = answering("[]")
        assert "at most 200 characters" in refusal("a" * 201)
        assert not came
        link = (
            f"https://www.google.com/maps/place/X/@52.5,13.3,17z/data={'!1s0' * 60}!3d52.5!4d13.4"
        )
        page = as_manager.get("/sites/", {"near": link}).content.decode()
        assert "nearest to 52.5, 13.4 first" in " ".join(page.split())

    @pytest.mark.parametrize("text", ["91, 0", "0, 181", "-90.1, 0"])
    def test_what_is_not_on_the_globe_is_said_so(self, text):
        assert "A latitude is from −90 to 90" in refusal(text)


class TestAmongTheSites:
    def test_a_town_is_the_centre_of_its_sites(self):
        LocationFactory(name="North", city="Sørby", search_text="north sorby", latitude=60)
        LocationFactory(name="South", city="Sørby", search_text="south sorby", latitude=58)
        LocationFactory(
            name="Sorby Bakery", city="Oslo", search_text="sorby bakery oslo", latitude=0
        )

        found = place("sørby")

        assert found.point == (pytest.approx(59, abs=0.01), pytest.approx(-74))
        assert found.name == "Sørby"

    def test_a_post_code_or_a_name_does(self):
        LocationFactory(name="Pier 9", post_code="EC1A 1BB", latitude=51, longitude=0)

        assert place("ec1a 1bb").point == (pytest.approx(51), pytest.approx(0))
        assert place("pier 9").point == (pytest.approx(51), pytest.approx(0))

    @pytest.mark.parametrize("text", ["Atlantis", "%", "\0", "’", "12 34 56"])
    def test_an_unknown_place_is_said_so(self, text):
        LocationFactory()
        assert "We could not find this place" in refusal(text)

    def test_sites_without_a_place_say_nothing(self):
        LocationFactory(city="Here", search_text="here", latitude=None, longitude=None)
        assert "We could not find this place" in refusal("here")

    def test_the_middle_across_the_date_line(self):
        latitude, longitude = centre_of([(0, 179), (0, -179)])
        assert (latitude, abs(longitude)) == (pytest.approx(0), pytest.approx(180))


class TestGeocoder:
    def test_it_is_asked_over_http(self, geocoding):
        assert place("Brooklyn").point == (pytest.approx(40.6745), pytest.approx(-74.0105))
        assert "70 Pier Lane" in place("70 Pier Lane, Brooklyn").name
        assert place("Venissieux").name == "Vénissieux"

    def test_what_it_does_not_know_the_sites_may(self, geocoding):
        LocationFactory(city="Atlantis", search_text="atlantis", latitude=1, longitude=2)
        assert place("atlantis").point == (pytest.approx(1), pytest.approx(2))
        assert "We could not find this place" in refusal("Lemuria")

    def test_it_is_told_who_asks_and_asked_once_a_day(self, answering, settings):
        settings.PORTAL_NAME = "Zürich lädt"
        found = [{"lat": "1.5", "lon": "2.5", "display_name": "There"}]
        came = answering(json.dumps(found))

        assert [place("There").point, place("  THERE ").point] == [(1.5, 2.5)] * 2

        assert len(came) == 1
        assert came[0].headers["User-Agent"] == "Zrich ldt (https://chargebook.example)"
        assert came[0].path == "/search?q=There&format=jsonv2&limit=1"

    def test_nothing_found_is_remembered_too(self, answering):
        came = answering("[]")
        refusal("Lemuria")
        refusal("Lemuria")
        assert len(came) == 1

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ("", 200),
            ("not json", 200),
            ('{"error": "no"}', 200),
            ('[{"lat": "x", "lon": "1"}]', 200),
            ('[{"lat": "NaN", "lon": "1"}]', 200),
            ('[{"lat": "95", "lon": "1"}]', 200),
            ("[1]", 200),
            ("[]", 500),
            ("[]", 302),
            ("[" + "1," * 200_000 + "1]", 200),
        ],
    )
    def test_a_failure_is_a_plain_sentence_and_nobody_waits_for_the_next(
        self, answering, caplog, body, status
    ):
        came = answering(body, status=status)

        assert "Places cannot be looked up at the moment" in refusal("Secret Street 5")
        assert "Places cannot be looked up at the moment" in refusal("Other Street 5")

        assert len(came) == 1
        assert "Secret Street" not in caplog.text

    def test_nowhere_is_nothing_found(self, answering):
        answering('[{"lat": "0.0", "lon": "0.0", "display_name": "Null Island"}]')
        assert "We could not find this place" in refusal("Brooklyn")

    def test_nobody_there(self, settings):
        settings.GEOCODER_URL = "http://127.0.0.1:9"
        assert "Places cannot be looked up at the moment" in refusal("Brooklyn")

    def test_it_does_not_wait_for_ever(self):
        assert geocoder.SECONDS <= 3


def test_sites_are_ordered_by_the_way_there_and_lost_ones_come_last():
    for name, latitude in (("B", 41.0), ("A", 41.0), ("Here", 40.0), ("Lost", None)):
        LocationFactory(name=name, latitude=latitude, longitude=-74.0)

    found = by_distance(Location.objects.order_by("name"), Place(40.0, -74.0, "Here"))

    names = dict(Location.objects.values_list("pk", "name"))
    assert [names[pk] for pk, _km in found] == ["Here", "A", "B", "Lost"]
    assert [distance_text(km) for _pk, km in found] == [
        "0 m",
        "111 km",
        "111 km",
        "Distance unknown",
    ]


@pytest.mark.parametrize(
    ("km", "text"),
    [(0.004, "0 m"), (0.354, "350 m"), (0.999, "1.0 km"), (2.34, "2.3 km"), (9.96, "10 km")],
)
def test_distances_in_words(km, text):
    assert distance_text(km) == text
