from decimal import Decimal

import pytest
from django.utils.timezone import now

from mirror.search import search_key
from sites.models import ChargePoint, Connector, Evse, Location
from sites.selectors import (
    all_bookable_evses,
    bookable_evses,
    offered_connectors,
    offers_at,
    search_locations,
    visible_evses,
    visible_locations,
)
from tests.factories import ChargePointFactory, EvseFactory, LocationFactory

pytestmark = pytest.mark.django_db

OURS = frozenset({501})
OTHERS = frozenset({502})
NOBODY = frozenset()


def private(partner_id: int, **kwargs) -> Evse:
    return EvseFactory(
        charge_point__type=ChargePoint.Type.PRIVATE,
        charge_point__ampeco_partner_id=partner_id,
        **kwargs,
    )


def names(locations) -> list[str]:
    return [location.name for location in locations]


def test_public_chargers_are_for_all_and_private_ones_for_their_partner():
    public = EvseFactory(charge_point__location__name="A public")
    ours = private(501, charge_point__location__name="B private")

    assert names(visible_locations(partner_ids=OURS).order_by("name")) == ["A public", "B private"]
    assert names(visible_locations(partner_ids=OTHERS)) == ["A public"]
    assert names(visible_locations(partner_ids=NOBODY)) == ["A public"]
    assert set(all_bookable_evses(partner_ids=NOBODY)) == {public}
    assert set(all_bookable_evses(partner_ids=OURS)) == {public, ours}
    assert set(all_bookable_evses(partner_ids=OTHERS)) == {public}


def test_a_private_charger_at_a_shared_site_stays_hidden():
    public = EvseFactory()
    ours = private(501, charge_point__location=public.charge_point.location)
    location = public.charge_point.location

    assert set(visible_evses(location, partner_ids=OURS)) == {public, ours}
    assert set(visible_evses(location, partner_ids=OTHERS)) == {public}
    assert set(bookable_evses(location, partner_ids=OTHERS)) == {public}
    assert offers_at([location], partner_ids=OTHERS)[location.pk].chargers == 1
    assert offers_at([location], partner_ids=OURS)[location.pk].chargers == 2


def test_a_charge_point_of_a_kind_we_do_not_know_is_nobodys():
    evse = EvseFactory(
        charge_point__type=ChargePoint.Type.UNKNOWN, charge_point__ampeco_partner_id=501
    )

    assert not visible_locations(partner_ids=OURS).exists()
    assert evse not in all_bookable_evses(partner_ids=OURS)


def test_a_private_charge_point_without_partner_is_nobodys():
    evse = private(None)

    assert not visible_evses(evse.charge_point.location, partner_ids=OURS).exists()


@pytest.mark.parametrize(
    ("overrides", "shown"),
    [
        ({"booking_enabled": False}, True),
        ({"status": Evse.Status.DISABLED}, True),
        ({"status": Evse.Status.OUT_OF_ORDER}, True),
        ({"status": Evse.Status.UNKNOWN}, True),
        ({"charge_point__status": "out of order"}, True),
        ({"charge_point__status": "demo"}, True),
        ({"retired_at": now()}, False),
        ({"charge_point__retired_at": now()}, False),
    ],
)
def test_what_is_out_of_service_is_shown_but_cannot_be_booked(overrides, shown):
    evse = EvseFactory(**overrides)
    location = evse.charge_point.location

    assert visible_evses(location, partner_ids=OURS).exists() == shown
    assert not bookable_evses(location, partner_ids=OURS).exists()
    assert evse not in all_bookable_evses(partner_ids=OURS)
    assert offers_at([location], partner_ids=OURS)[location.pk].chargers == 0


@pytest.mark.parametrize(
    "overrides",
    [
        {"status": Location.Status.DISABLED},
        {"status": Location.Status.UNKNOWN},
        {"retired_at": now()},
    ],
)
def test_a_site_out_of_service_is_neither_shown_nor_bookable(overrides):
    evse = EvseFactory(charge_point__location=LocationFactory(**overrides))

    assert not visible_locations(partner_ids=OURS).exists()
    assert evse not in all_bookable_evses(partner_ids=OURS)


def test_a_site_without_charge_points_is_not_listed():
    LocationFactory()
    ChargePointFactory(retired_at=now())

    assert not visible_locations(partner_ids=OURS).exists()


def test_a_site_is_listed_once_however_many_charge_points_it_has():
    location = LocationFactory(name="Only once")
    ChargePointFactory.create_batch(3, location=location)

    assert names(search_locations(partner_ids=OURS)) == ["Only once"]


def test_search_wants_each_word_in_name_city_or_address():
    zurich = LocationFactory(
        name="Hafen Süd",
        search_text=search_key("Hafen Süd", "Zürich", "Straße 5", "8005"),
    )
    ChargePointFactory(location=zurich)
    ChargePointFactory(location=LocationFactory(name="Hafen Nord", search_text="hafen nord basel"))

    for query in ("hafen zurich", "ZÜRICH", "sud  hafen", "strasse", "8005"):
        assert names(search_locations(partner_ids=OURS, query=query)) == ["Hafen Süd"], query
    assert len(search_locations(partner_ids=OURS, query="hafen")) == 2
    assert not search_locations(partner_ids=OURS, query="hafen genf")
    assert not search_locations(partner_ids=OURS, query="100%")
    assert not search_locations(partner_ids=OURS, query="hafen_sud")


def test_filters_must_be_met_by_one_and_the_same_charger():
    both = LocationFactory(name="Split")
    EvseFactory(charge_point__location=both, current_type="ac", max_power_kw=22, connector="type2")
    EvseFactory(charge_point__location=both, current_type="dc", max_power_kw=150, connector="ccs2")

    def found(**kwargs):
        return names(search_locations(partner_ids=OURS, **kwargs))

    assert found(connector="ccs2", current="dc", min_power_kw=Decimal(150)) == ["Split"]
    assert found(connector="type2", current="ac") == ["Split"]
    assert found(connector="type2", current="dc") == []
    assert found(connector="type2", min_power_kw=Decimal(50)) == []
    assert found(min_power_kw=Decimal("150.01")) == []


def test_filters_look_at_chargers_that_this_fleet_can_book():
    private(502, connector="chademo", charge_point__location__name="Theirs")
    EvseFactory(connector="nacs", booking_enabled=False)

    assert names(search_locations(partner_ids=OTHERS, connector="chademo")) == ["Theirs"]
    assert not search_locations(partner_ids=OURS, connector="chademo")
    assert not search_locations(partner_ids=OURS, connector="nacs")
    assert offered_connectors(partner_ids=OTHERS) == ["chademo"]
    assert offered_connectors(partner_ids=OURS) == []


def test_an_offer_counts_chargers_once_and_leaves_disabled_connectors_out():
    location = LocationFactory()
    evse = EvseFactory(charge_point__location=location, max_power_kw=Decimal("49.5"))
    Connector.objects.create(evse=evse, ampeco_id=1, type="type2")
    Connector.objects.create(evse=evse, ampeco_id=2, type="chademo", status="disabled")
    bare = EvseFactory(charge_point__location=location, max_power_kw=None)
    bare.connectors.all().delete()

    offer = offers_at([location], partner_ids=OURS)[location.pk]

    assert offer.chargers == 2
    assert offer.connectors == ["ccs2", "type2"]
    assert offer.max_power_kw == Decimal("49.5")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("  Zürich   Süd ", "zurich sud"),
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("Ørestad", "orestad"),
        ("Rhône", "rhone"),
    ],
)
def test_search_key_folds_case_accents_and_spaces(text, key):
    assert search_key(text) == key
    assert search_key(text.upper()) == key


def test_search_key_leaves_out_what_is_missing():
    assert search_key("A", None, "", "B") == "a b"
