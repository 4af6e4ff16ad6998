"""Which sites lie near by, against distances that maps give."""

import pytest

from sites.finding.nearby import distance_km, nearest_sites
from sites.models import Evse
from tests.factories import EvseFactory, LocationFactory

NEW_YORK, NEWARK, PARIS, LYON = (
    (40.7128, -74.0060),
    (40.7357, -74.1724),
    (48.8566, 2.3522),
    (45.7640, 4.8357),
)


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        (NEW_YORK, NEW_YORK, 0),
        (NEW_YORK, NEWARK, 14.25),
        (PARIS, LYON, 391.5),
        (NEW_YORK, PARIS, 5837),
        ((0.0, 179.9), (0.0, -179.9), 22.2),
        ((90.0, 0.0), (-90.0, 0.0), 20_015),
    ],
)
def test_distances_over_the_globe(one, other, km):
    assert distance_km(one, other) == pytest.approx(km, rel=0.002, abs=0.01)
    assert distance_km(other, one) == pytest.approx(distance_km(one, other))


def site(latitude, longitude):
    place = LocationFactory(latitude=latitude, longitude=longitude)
    EvseFactory(charge_point__location=place)
    return place


def found(location, **changes):
    arguments = {"evses": Evse.objects.all(), "within_km": 50.0, "limit": 10}
    return [near.location_pk for near in nearest_sites(location, **(arguments | changes))]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("latitude", "longitude"), [(40.7, -74.0), (0.0, 179.95), (-17.0, -179.95), (89.9, 10.0)]
)
def test_the_nearest_come_first_wherever_on_the_globe(latitude, longitude):
    def east(degrees):
        return (longitude + degrees + 180) % 360 - 180

    here = site(latitude, longitude)
    further, near = site(latitude, east(0.3)), site(latitude, east(-0.1))
    site(latitude - 2, longitude)
    assert found(here) == [near.pk, further.pk]
    assert found(here, limit=1) == [near.pk]


@pytest.mark.django_db
def test_corners_of_the_box_are_further_away_than_its_sides():
    here = site(40.0, -74.0)
    site(40.4, -73.5)  # 61 km: within 50 km to the north and to the east, but not both
    assert found(here) == []


@pytest.mark.django_db
def test_a_site_that_is_nowhere_has_none_near_by_and_is_near_none(django_assert_num_queries):
    nowhere, here = site(None, None), site(40.0, -74.0)
    with django_assert_num_queries(0):
        assert found(nowhere) == []
    with django_assert_num_queries(1):
        assert found(here) == []
