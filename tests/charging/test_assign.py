"""Sessions get a vehicle, a cost centre, a reference afterwards: one by one, and many at once."""

import pytest

from charging.actions.assign import assign_sessions
from charging.models import Assignment, MonthChange, Session
from charging.services import month_of
from tests.charging.charged import last_month, rows_of, text_of, this_month
from tests.factories import CostCentreFactory, SessionFactory, VehicleFactory

pytestmark = pytest.mark.django_db

ASSIGN = "/charging/assign/"


@pytest.fixture
def parcels(fleet):
    return CostCentreFactory(fleet=fleet, code="CC 1", name="Parcels")


@pytest.fixture
def van(fleet):
    return VehicleFactory(fleet=fleet, number="Van 14", plate="HPF 14")


def keys(*sessions) -> list[str]:
    return [str(session.pk) for session in sessions]


def test_one_session(as_manager, manager, fleet, parcels, van):
    session = SessionFactory(fleet=fleet, started_at=this_month())
    form = as_manager.get(ASSIGN, {"session": session.pk})
    assert "Assign 1 session" in text_of(form)
    answer = as_manager.post(
        ASSIGN,
        {
            "session": session.pk,
            "cost_centre": parcels.pk,
            "vehicle": "hpf 14",
            "reference": "Tour 7",
        },
    )
    assert answer.url == f"/charging/{session.pk}/"
    session.refresh_from_db()
    assert (session.cost_centre, session.vehicle, session.reference) == (parcels, van, "Tour 7")
    assert session.assigned_by_hand
    assert MonthChange.objects.get().month == month_of(session.local_day)
    page = text_of(as_manager.get(answer.url))
    assert "Cost centre: none → CC 1 – Parcels" in page
    assert "Vehicle: none → Van 14 (HPF 14)" in page
    assert "Reference: none → Tour 7" in page
    assert manager.display_name in page


def test_what_is_emptied_on_one_is_taken_away(as_manager, fleet, parcels, van):
    session = SessionFactory(fleet=fleet, cost_centre=parcels, vehicle=van, reference="Tour 7")
    as_manager.post(ASSIGN, {"session": session.pk, "cost_centre": "0", "vehicle": ""})
    session.refresh_from_db()
    assert (session.cost_centre, session.vehicle, session.reference) == (None, None, "")


def test_nobody_undoes_on_one_what_they_have_not_seen(as_manager, fleet, parcels, van):
    session = SessionFactory(fleet=fleet, cost_centre=parcels, reference="")
    page = as_manager.get(ASSIGN, {"session": session.pk})
    seen = page.context["form"]["seen"].value()
    assert f'value="{seen}"' in page.content.decode()
    Session.objects.update(vehicle=van)
    sent = {"session": session.pk, "cost_centre": parcels.pk, "reference": "Tour 7", "seen": seen}
    assert "Somebody else has changed this" in text_of(as_manager.post(ASSIGN, sent))
    session.refresh_from_db()
    assert (session.vehicle, session.reference) == (van, "")


def test_many_at_once_leave_what_is_not_named(as_manager, fleet, parcels, van):
    one = SessionFactory(fleet=fleet, started_at=this_month(), vehicle=van, reference="Tour 7")
    other = SessionFactory(fleet=fleet, started_at=last_month())
    untouched = SessionFactory(fleet=fleet, started_at=last_month())
    form = as_manager.get(ASSIGN, {"session": keys(one, other), "list": "period=all&q=x"})
    assert "Assign 2 sessions" in text_of(form)
    data = {
        "session": keys(one, other),
        "cost_centre": parcels.pk,
        "vehicle": "",
        "reference": "",
        "list": "period=all&q=x",
    }
    answer = as_manager.post(ASSIGN, data, follow=True)
    assert answer.redirect_chain[-1][0] == "/charging/?period=all&q=x"
    assert "2 sessions are changed." in text_of(answer)
    one.refresh_from_db()
    other.refresh_from_db()
    untouched.refresh_from_db()
    assert one.cost_centre == other.cost_centre == parcels
    assert (one.vehicle, one.reference) == (van, "Tour 7")
    assert untouched.cost_centre is None
    assert {change.month for change in MonthChange.objects.all()} == {
        month_of(one.local_day),
        month_of(other.local_day),
    }


def test_doing_it_again_changes_nothing(fleet, manager, parcels):
    session = SessionFactory(fleet=fleet)
    wanted = {"cost_centre": parcels}
    assert assign_sessions(fleet, [session.pk], wanted, user=manager) == 1
    assert assign_sessions(fleet, [session.pk], wanted, user=manager) == 0
    assert Assignment.objects.count() == 1
    assert MonthChange.objects.get().version <= 2


def test_a_reference_alone_leaves_the_rest_to_the_mirror(fleet, manager):
    session = SessionFactory(fleet=fleet)
    assign_sessions(fleet, [session.pk], {"reference": "Tour 7"}, user=manager)
    session.refresh_from_db()
    assert not session.assigned_by_hand


def test_it_costs_the_same_for_many(fleet, manager, parcels, django_assert_max_num_queries):
    sessions = SessionFactory.create_batch(60, fleet=fleet)
    with django_assert_max_num_queries(12):
        assign_sessions(
            fleet, [each.pk for each in sessions], {"cost_centre": parcels}, user=manager
        )


@pytest.mark.parametrize(
    "wrong",
    [
        {"cost_centre": "999999"},
        {"cost_centre": "nonsense"},
        {"vehicle": "No such van"},
        {},
        {"reference": "two\nlines"},
    ],
)
def test_what_is_wrong_changes_nothing(as_manager, fleet, wrong):
    sessions = SessionFactory.create_batch(2, fleet=fleet)
    answer = as_manager.post(ASSIGN, {"session": keys(*sessions), **wrong})
    assert answer.status_code == 200
    assert "Please check this again" in text_of(answer)
    assert not Assignment.objects.exists()


def test_nothing_of_another_fleet(as_manager, fleet):
    ours, theirs = SessionFactory(fleet=fleet), SessionFactory()
    centre, vehicle = CostCentreFactory(), VehicleFactory(number="Foreign van")
    assert as_manager.get(ASSIGN, {"session": keys(ours, theirs)}).status_code == 404
    answer = as_manager.post(ASSIGN, {"session": keys(ours, theirs), "reference": "x"})
    assert answer.status_code == 404
    for wrong in ({"cost_centre": centre.pk}, {"cost_centre": "0", "vehicle": vehicle.number}):
        assert as_manager.post(ASSIGN, {"session": ours.pk, **wrong}).status_code == 200
    ours.refresh_from_db()
    theirs.refresh_from_db()
    assert (ours.reference, theirs.reference, ours.vehicle, ours.cost_centre) == (
        "",
        "",
        None,
        None,
    )


def test_a_retired_cost_centre_is_picked_no_more_but_stays(as_manager, fleet):
    retired = CostCentreFactory(fleet=fleet, retired_at=this_month())
    session = SessionFactory(fleet=fleet, cost_centre=retired)
    other = SessionFactory(fleet=fleet)
    answer = as_manager.post(ASSIGN, {"session": other.pk, "cost_centre": retired.pk})
    assert answer.status_code == 200
    as_manager.post(
        ASSIGN, {"session": session.pk, "cost_centre": retired.pk, "reference": "Tour 7"}
    )
    session.refresh_from_db()
    assert (session.cost_centre, session.reference) == (retired, "Tour 7")


@pytest.mark.parametrize("back", ["https://elsewhere.example", "//elsewhere.example/", "\r\nX: y"])
def test_it_leads_nowhere_else(as_manager, fleet, back):
    sessions = SessionFactory.create_batch(2, fleet=fleet)
    answer = as_manager.post(ASSIGN, {"session": keys(*sessions), "reference": "x", "list": back})
    assert answer.status_code == 302
    assert answer.url.startswith("/charging/?")


def test_ticks_are_sent_to_it(as_manager, fleet):
    session = SessionFactory(fleet=fleet, started_at=this_month())
    page = as_manager.get("/charging/")
    assert rows_of(page) == [session.pk]
    content = page.content.decode()
    assert f'name="session" value="{session.pk}" form="assign-sessions"' in content
    assert "Tick sessions in the list" in text_of(as_manager.get(ASSIGN))
    assert Session.objects.get().reference == ""
