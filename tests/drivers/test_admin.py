"""Fleets, members and drivers in the back office."""

import pytest
from django.core import mail
from django.urls import reverse

from accounts.models import User
from drivers.models import Driver, Fleet, FleetDriver
from drivers.permissions import current_drivers
from tests.factories import DriverFactory, FleetFactory, MembershipFactory, UserFactory

FLEETS = reverse("admin:drivers_fleet_changelist")
ADD_FLEET = reverse("admin:drivers_fleet_add")
DRIVERS = reverse("admin:drivers_driver_changelist")

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_staff(client, staff):
    client.force_login(staff)
    return client


def change_url(fleet) -> str:
    return reverse("admin:drivers_fleet_change", args=[fleet.pk])


def form_of(fleet=None, *members, **fields) -> dict:
    """Return what the fleet's page sends: its fields, and (pk, e-mail, role) for each member."""
    present = [member for member in members if member[0]]
    data = {
        "name": fleet.name if fleet else "Hudson Parcel",
        "is_active": "on",
        "memberships-TOTAL_FORMS": len(members),
        "memberships-INITIAL_FORMS": len(present),
        "memberships-MIN_NUM_FORMS": 0,
        "memberships-MAX_NUM_FORMS": 1000,
        **fields,
    }
    for number, (pk, email, role) in enumerate(members):
        data[f"memberships-{number}-id"] = pk or ""
        data[f"memberships-{number}-fleet"] = fleet.pk if fleet else ""
        data[f"memberships-{number}-email"] = email
        data[f"memberships-{number}-team_role"] = role
    return data


def roles(fleet) -> dict[str, str]:
    return {each.user.email: each.team_role.value for each in fleet.memberships.all()}


@pytest.mark.parametrize("url", [FLEETS, ADD_FLEET, DRIVERS])
def test_fleet_managers_do_not_get_in(as_manager, url):
    assert "/back-office/login/" in as_manager.get(url)["Location"]


def test_the_list_of_fleets_counts_in_few_queries(as_staff, fleet, django_assert_max_num_queries):
    # Sequences count through the whole run: their names and numbers may hold 501 too.
    for number in range(20):
        FleetFactory(name="Another", ampeco_partner_id=7000 + number)
    MembershipFactory(fleet=fleet)
    gone, *_ = [DriverFactory(fleet=fleet) for _ in range(4)]
    FleetDriver.objects.filter(driver=gone).update(left_at=gone.synced_at)
    with django_assert_max_num_queries(10):
        response = as_staff.get(FLEETS)
    (row,) = [row for row in response.context["cl"].result_list if row.pk == fleet.pk]
    assert (row.members_now, row.drivers_now) == (1, 3)
    assert list(as_staff.get(FLEETS, {"q": "501"}).context["cl"].result_list) == [fleet]


@pytest.mark.django_db(transaction=True)
def test_a_new_fleet_with_members_by_email(as_staff):
    UserFactory(email="known@hudson.example")
    data = form_of(
        None,
        (None, "New@Hudson.Example", "manager"),
        (None, "known@hudson.example", "viewer"),
        ampeco_partner_id=501,
    )
    response = as_staff.post(ADD_FLEET, data, follow=True)
    fleet = Fleet.objects.get()
    assert roles(fleet) == {"new@hudson.example": "manager", "known@hudson.example": "viewer"}
    assert "An invitation was sent to new@hudson.example." in response.content.decode()
    bodies = {message.to[0]: message.body for message in mail.outbox}
    assert "reset/key" in bodies["new@hudson.example"]
    assert "reset/key" not in bodies["known@hudson.example"]
    assert all("“Hudson Parcel”" in body for body in bodies.values())


def test_a_members_role_is_changed_and_nobody_removed_unasked(as_staff, fleet, manager, viewer):
    boss, guest = fleet.memberships.order_by("user__email")
    data = form_of(
        fleet, (boss.pk, "", "viewer"), (guest.pk, "", "admin"), **{"memberships-1-DELETE": "on"}
    )
    response = as_staff.post(change_url(fleet), data)
    assert response.status_code == 302
    assert roles(fleet) == {"manager@hudson.example": "viewer", "viewer@hudson.example": "admin"}
    assert not mail.outbox


def test_a_fleet_keeps_an_admin(as_staff, fleet, fleet_admin, viewer):
    boss, guest = fleet.memberships.order_by("user__email")
    page = as_staff.post(
        change_url(fleet), form_of(fleet, (boss.pk, "", "manager"), (guest.pk, "", "viewer"))
    )
    assert "This is the fleet’s only admin." in page.content.decode()
    assert roles(fleet) == {"admin@hudson.example": "admin", "viewer@hudson.example": "viewer"}
    as_staff.post(
        change_url(fleet), form_of(fleet, (boss.pk, "", "manager"), (guest.pk, "", "admin"))
    )
    assert roles(fleet) == {"admin@hudson.example": "manager", "viewer@hudson.example": "admin"}


@pytest.mark.parametrize("role", ["admin", "manager"])
def test_somebody_who_is_switched_off_is_no_admin_to_keep(as_staff, fleet, fleet_admin, role):
    off = MembershipFactory(
        fleet=fleet, user__is_active=False, user__email="z@hudson.example", is_admin=role == "admin"
    )
    boss = fleet.memberships.get(user=fleet_admin)
    rows = [(boss.pk, "", "manager"), (off.pk, "", "admin")]
    page = as_staff.post(change_url(fleet), form_of(fleet, *rows))
    assert "This is the fleet’s only admin." in page.content.decode()
    assert roles(fleet)[fleet_admin.email] == "admin"


def test_a_membership_stays_with_its_person(as_staff, fleet, manager):
    (boss,) = fleet.memberships.all()
    as_staff.post(change_url(fleet), form_of(fleet, (boss.pk, "other@x.example", "viewer")))
    assert roles(fleet) == {"manager@hudson.example": "viewer"}
    assert not User.objects.filter(email="other@x.example").exists()


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("MANAGER@hudson.example", "This person is in the fleet already."),
        ("off@hudson.example", "This account is switched off."),
        ("no e-mail", "Enter a valid email address."),
    ],
)
def test_a_member_who_cannot_be_added(as_staff, fleet, manager, email, words):
    UserFactory(email="off@hudson.example", is_active=False)
    (boss,) = fleet.memberships.all()
    data = form_of(fleet, (boss.pk, "", "manager"), (None, email, "viewer"))
    response = as_staff.post(change_url(fleet), data)
    assert response.status_code == 200
    assert words in response.content.decode()
    assert roles(fleet) == {"manager@hudson.example": "manager"}


def test_the_partner_of_a_fleet_stays_and_no_fleet_is_deleted(as_staff, fleet):
    as_staff.post(change_url(fleet), form_of(fleet, name="New Name", ampeco_partner_id=9))
    fleet.refresh_from_db()
    assert (fleet.name, fleet.ampeco_partner_id) == ("New Name", 501)
    url = reverse("admin:drivers_fleet_delete", args=[fleet.pk])
    assert as_staff.post(url, {"post": "yes"}).status_code == 403


def test_staff_read_the_drivers_now(as_staff, fleet, operator):
    chosen = {"action": "read_drivers", "_selected_action": [fleet.pk]}
    page = as_staff.post(FLEETS, chosen, follow=True).content.decode()
    assert "Hudson Parcel Fleet: 12 drivers, 12 joined, 0 left." in page
    operator.faults.add("server-error")
    page = as_staff.post(FLEETS, chosen, follow=True).content.decode()
    assert "Hudson Parcel Fleet: The operator&#x27;s system did not answer as it should." in page
    assert current_drivers(fleet).count() == 12


def test_drivers_are_to_be_looked_at_only(as_staff, fleet, django_assert_max_num_queries):
    driver = DriverFactory(fleet=fleet, private_access=[601], email="ana@hudson.example")
    for _ in range(30):
        DriverFactory(fleet=fleet)
    with django_assert_max_num_queries(10):
        assert "ana@hudson.example" in as_staff.get(DRIVERS, {"q": "ana@"}).content.decode()

    url = reverse("admin:drivers_driver_change", args=[driver.pk])
    page = as_staff.get(url).content.decode()
    assert "Hudson Parcel Fleet" in page
    assert "601" in page
    assert 'name="email"' not in page
    assert as_staff.post(url, {"email": "x@y.example"}).status_code == 403
    assert as_staff.get(reverse("admin:drivers_driver_add")).status_code == 403
    delete = reverse("admin:drivers_driver_delete", args=[driver.pk])
    assert as_staff.post(delete, {"post": "yes"}).status_code == 403
    assert Driver.objects.get(pk=driver.pk).email == "ana@hudson.example"
