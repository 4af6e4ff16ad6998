"""A fleet's cost centres: added, changed, retired; and the codes that vehicles have."""

import pytest

from charging.models import CostCentre, MonthChange
from privacy.models import AuditEntry
from tests.charging.charged import text_of, this_month
from tests.factories import CostCentreFactory, SessionFactory, VehicleFactory
from vehicles.models import Vehicle

pytestmark = pytest.mark.django_db

LIST = "/charging/cost-centres/"
ADD = f"{LIST}add/"


def test_one_is_added_and_noted(as_manager, manager, fleet):
    answer = as_manager.post(ADD, {"cost_centre": "4711", "name": "Parcels"}, follow=True)
    assert "4711 – Parcels is added." in text_of(answer)
    centre = CostCentre.objects.get(fleet=fleet)
    assert (centre.code, centre.name) == ("4711", "Parcels")
    entry = AuditEntry.objects.get(object_type="charging.costcentre", action="added")
    assert entry.user == manager


def test_a_code_is_there_once_in_a_fleet(as_manager, fleet):
    CostCentreFactory(fleet=fleet, code="Depot")
    CostCentreFactory(code="North")
    answer = as_manager.post(ADD, {"cost_centre": "DEPOT"})
    assert "has this code already" in text_of(answer)
    as_manager.post(ADD, {"cost_centre": "North"})
    assert fleet.cost_centres.count() == 2


def test_nobody_undoes_a_change_unseen(as_manager, fleet):
    centre = CostCentreFactory(fleet=fleet, code="Depot", name="")
    page = f"{LIST}{centre.pk}/"
    seen = as_manager.get(page).context["form"]["seen"].value()
    CostCentre.objects.update(name="The depot")
    sent = {"cost_centre": "Depot 2", "name": "", "seen": seen}
    answer = as_manager.post(page, sent)
    assert "Somebody else has changed this" in text_of(answer)
    centre.refresh_from_db()
    assert (centre.code, centre.name) == ("Depot", "The depot")
    as_manager.post(page, sent | {"seen": answer.context["form"]["seen"].value()})
    centre.refresh_from_db()
    assert (centre.code, centre.name) == ("Depot 2", "")


def test_a_retired_one_is_to_be_brought_back(as_manager, fleet):
    centre = CostCentreFactory(fleet=fleet, code="Depot")
    as_manager.post(f"{LIST}{centre.pk}/retire/")
    assert CostCentre.objects.get().retired_at is not None
    assert "Bring it back instead" in text_of(as_manager.post(ADD, {"cost_centre": "depot"}))
    as_manager.post(f"{LIST}{centre.pk}/retire/", {"back": "1"})
    assert CostCentre.objects.get().retired_at is None


def test_vehicles_follow_a_code(as_manager, fleet):
    centre = CostCentreFactory(fleet=fleet, code="Old")
    van = VehicleFactory(fleet=fleet, cost_centre="OLD")
    other = VehicleFactory(cost_centre="Old")
    as_manager.post(f"{LIST}{centre.pk}/", {"cost_centre": "Brand-new", "name": ""})
    van.refresh_from_db()
    other.refresh_from_db()
    assert (van.cost_centre, van.version) == ("Brand-new", 1)
    assert "brand-new" in van.search_text
    assert other.cost_centre == "Old"


def test_a_name_alone_leaves_vehicles_as_they_are(as_manager, fleet):
    centre = CostCentreFactory(fleet=fleet, code="Depot")
    van = VehicleFactory(fleet=fleet, cost_centre="depot")
    as_manager.post(f"{LIST}{centre.pk}/", {"cost_centre": "Depot", "name": "The depot"})
    van.refresh_from_db()
    assert (van.cost_centre, van.version) == ("depot", 0)
    assert CostCentre.objects.get().name == "The depot"


def test_a_change_takes_no_code_of_another(as_manager, fleet):
    centre = CostCentreFactory(fleet=fleet, code="Depot")
    CostCentreFactory(fleet=fleet, code="North")
    answer = as_manager.post(f"{LIST}{centre.pk}/", {"cost_centre": "north"})
    assert "has this code already" in text_of(answer)


def test_codes_of_vehicles_are_offered(as_manager, fleet):
    VehicleFactory(fleet=fleet, cost_centre="4711")
    VehicleFactory(fleet=fleet, cost_centre="Known")
    VehicleFactory(fleet=fleet, cost_centre="gone", retired_at=this_month())
    VehicleFactory(cost_centre="Foreign")
    CostCentreFactory(fleet=fleet, code="KNOWN")
    page = as_manager.get(LIST)
    assert page.context["unknown"] == [("4711", 1)]
    assert [(row[0].code, row[1]) for row in page.context["current"]] == [("KNOWN", 1)]
    as_manager.post(ADD, {"cost_centre": "4711"})
    assert as_manager.get(LIST).context["unknown"] == []


def test_sessions_of_such_vehicles_come_along(as_manager, fleet):
    van = VehicleFactory(fleet=fleet, cost_centre="4711")
    bare = SessionFactory(fleet=fleet, vehicle=van)
    by_hand = SessionFactory(fleet=fleet, vehicle=van, assigned_by_hand=True)
    of_another = SessionFactory(
        fleet=fleet, vehicle=van, cost_centre=CostCentreFactory(fleet=fleet)
    )
    foreign = SessionFactory(vehicle=VehicleFactory(cost_centre="4711"))
    answer = as_manager.post(ADD, {"cost_centre": "4711"}, follow=True)
    assert "1 session of vehicles with this code now belongs to it." in text_of(answer)
    centre = CostCentre.objects.get(code="4711")
    assert list(centre.sessions.all()) == [bare]
    assert MonthChange.objects.get().fleet == fleet
    for session in (by_hand, of_another, foreign):
        before = session.cost_centre
        session.refresh_from_db()
        assert session.cost_centre == before


def test_a_vehicles_form_suggests_and_its_page_offers(as_manager, as_viewer, fleet, manager):
    CostCentreFactory(fleet=fleet, code="4711", name="Parcels")
    CostCentreFactory(fleet=fleet, code="Gone", retired_at=this_month())
    CostCentreFactory(code="Foreign")
    known = VehicleFactory(fleet=fleet, cost_centre="4711")
    unknown = VehicleFactory(fleet=fleet, cost_centre="A&B")
    as_manager.force_login(manager)
    form = as_manager.get("/vehicles/add/").content.decode()
    assert '<option value="4711">Parcels</option>' in form
    assert 'list="cost-centres"' in form
    assert "Gone" not in form
    assert "Foreign" not in form
    assert "4711 – Parcels" in text_of(as_manager.get(f"/vehicles/{known.pk}/"))
    page = as_manager.get(f"/vehicles/{unknown.pk}/")
    assert "Not on the list: add it" in text_of(page)
    filled_in = as_manager.get(f"{LIST}?cost_centre=A%26B")
    assert 'value="A&amp;B"' in filled_in.content.decode()


def test_a_viewer_is_offered_nothing(as_viewer, fleet):
    van = VehicleFactory(fleet=fleet, cost_centre="4711")
    CostCentreFactory(fleet=fleet)
    assert "add it" not in text_of(as_viewer.get(f"/vehicles/{van.pk}/"))
    page = as_viewer.get(LIST).content.decode()
    assert 'method="post"' not in page.partition("<main")[2].partition("</main")[0]
    assert Vehicle.objects.get().cost_centre == "4711"
