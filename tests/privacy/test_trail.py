"""What staff do stands in the audit trail, and nobody changes it there."""

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from drivers.models import Fleet, FleetMembership
from notifications.models import Notification
from privacy.acting import Doer, acting, from_command_line
from privacy.models import AppendOnly, AuditEntry
from tests.factories import (
    PASSWORD,
    BookingRequestFactory,
    NotificationFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

Action = AuditEntry.Action
TRAIL = reverse("admin:privacy_auditentry_changelist")
LOGIN = reverse("account_login")


@pytest.fixture
def as_staff(client, staff):
    client.force_login(staff)
    return client


def entries(**wanted) -> list[AuditEntry]:
    """Return entries; those of `force_login`, which comes from nowhere, left out."""
    by_force = {"action": Action.SIGNED_IN, "address": None}
    return list(AuditEntry.objects.filter(**wanted).exclude(**by_force).order_by("pk"))


def everything_in_the_trail() -> str:
    return repr(list(AuditEntry.objects.values()))


def change_user(client, user, **fields):
    form = {"email": user.email, "name": user.name, "language": "", "is_active": "on"} | fields
    return client.post(reverse("admin:accounts_user_change", args=[user.pk]), form)


def test_a_change_is_noted_with_old_and_new_values(as_staff, staff, fleet):
    answer = as_staff.post(
        reverse("admin:drivers_fleet_change", args=[fleet.pk]),
        {
            "name": "Hudson Freight",
            "memberships-TOTAL_FORMS": 0,
            "memberships-INITIAL_FORMS": 0,
        },
        headers={"X-Request-ID": "0123456789abcdef"},
        REMOTE_ADDR="203.0.113.7",
    )

    assert answer.status_code == 302, answer.content
    (entry,) = entries()
    assert (entry.action, entry.user_id, entry.actor) == (Action.CHANGED, staff.pk, "staff")
    assert (entry.object_type, entry.object_id) == ("drivers.fleet", str(fleet.pk))
    assert entry.changes == {
        "name": ["Hudson Parcel Fleet", "Hudson Freight"],
        "is_active": [True, False],
    }
    assert (entry.request_id, entry.address) == ("0123456789abcdef", "203.0.113.7")


def test_personal_and_secret_values_are_not_kept(as_staff, manager):
    change_user(as_staff, manager, email="new@hudson.example", name="Mia New")

    (entry,) = entries(object_type="accounts.user")
    assert entry.changes == {"email": None, "name": None}
    for value in ("hudson.example", manager.name, "Mia"):
        assert value not in everything_in_the_trail()


def test_rights_that_are_given_and_taken(as_staff, staff):
    other = UserFactory(is_staff=True)
    change_user(as_staff, other, is_staff="on", is_superuser="on")
    change_user(as_staff, other)

    changes = [each.changes for each in entries(object_id=str(other.pk))]
    assert {"is_superuser": [False, True]} in changes
    assert {"is_superuser": [True, False], "is_staff": [True, False]} in changes


def test_what_is_added_and_removed(as_staff, staff, fleet, manager):
    new_user = {"email": "zoe@hudson.example", "name": "Zoë"}
    as_staff.post(reverse("admin:accounts_user_add"), new_user)
    zoe = User.objects.get(email="zoe@hudson.example")
    with acting(Doer(user_id=staff.pk)):
        FleetMembership.objects.get(user=manager).delete()
        FleetMembership.objects.create(fleet=fleet, user=zoe, role="viewer")

    (person,) = entries(action=Action.ADDED, object_type="accounts.user")
    assert (person.object_id, person.user_id) == (str(zoe.pk), staff.pk)
    (added,) = entries(action=Action.ADDED, object_type="drivers.fleetmembership")
    assert added.changes["user"] == [None, zoe.pk]
    assert added.changes["role"] == [None, "viewer"]
    (gone,) = entries(action=Action.DELETED)
    assert gone.changes["user"] == [manager.pk, None]
    assert "hudson.example" not in everything_in_the_trail()


def test_each_action_is_noted_for_each_object(as_staff, staff):
    given_up = [NotificationFactory(state=Notification.State.GIVEN_UP).pk for _ in range(2)]
    as_staff.post(
        reverse("admin:notifications_notification_changelist"),
        {"action": "send_again", "_selected_action": given_up},
    )

    found = entries(action=Action.ACTED, name="send_again")
    assert {each.object_id for each in found} == {str(pk) for pk in given_up}
    assert {(each.object_type, each.user_id) for each in found} == {
        ("notifications.notification", staff.pk)
    }


def test_an_action_on_all_that_are_listed_names_those(as_staff, fleet):
    failed = BookingRequestFactory(status="failed", booking__fleet=fleet)
    BookingRequestFactory(pending=True)
    as_staff.post(
        reverse("admin:bookings_bookingrequest_changelist") + "?status__exact=failed",
        {"action": "try_again", "_selected_action": [failed.pk], "select_across": "1"},
    )

    assert [each.object_id for each in entries(action=Action.ACTED)] == [str(failed.pk)]


def test_every_action_of_the_back_office_is_noted(as_staff, staff):
    """Whatever actions there are, or will be: each one that staff start leaves an entry."""
    from django.contrib import admin

    request = type("Request", (), {"user": staff, "GET": {}})()
    for model, model_admin in admin.site._registry.items():
        place = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for name in model_admin.get_actions(request):
            as_staff.post(place, {"action": name, "_selected_action": ["999999"]})
            assert entries(action=Action.ACTED, name=name), name


def test_managers_leave_no_trail(as_manager, manager):
    as_manager.post(reverse("notifications:settings"), {})
    manager.name = "Other"
    manager.save()

    assert entries() == []


def test_signing_in_and_out(client, staff, manager):
    for _ in range(2):
        client.post(LOGIN, {"login": staff.email, "password": "wrong-password"})
    client.post(LOGIN, {"login": staff.email, "password": PASSWORD}, REMOTE_ADDR="203.0.113.9")
    client.post(reverse("account_logout"))
    Client().post(LOGIN, {"login": manager.email, "password": PASSWORD})

    found = entries()
    assert [each.action for each in found] == [
        Action.SIGN_IN_FAILED,
        Action.SIGN_IN_FAILED,
        Action.SIGNED_IN,
        Action.SIGNED_OUT,
    ]
    assert {each.object_id for each in found} == {str(staff.pk)}
    assert [each.user_id for each in found] == [None, None, staff.pk, staff.pk]
    assert found[2].address == "203.0.113.9"
    assert "password" not in everything_in_the_trail()


def test_what_the_command_line_does(fleet):
    with acting(from_command_line(["manage.py", "create_fleet", "X"])):
        person = ["--manager", "a@acme.example"]
        call_command("create_fleet", "Acme", "--partner-id", "77", *person, "--no-check")

    found = entries()
    assert {(each.actor, each.name) for each in found} == {("command-line", "create_fleet")}
    assert {each.object_type for each in found} >= {"drivers.fleet", "accounts.user"}
    assert "acme.example" not in everything_in_the_trail()
    assert Fleet.objects.filter(name="Acme").exists()


@pytest.mark.parametrize(
    ("arguments", "acts"),
    [
        (["manage.py", "createsuperuser"], True),
        (["manage.py", "shell"], True),
        (["manage.py", "a_new_one"], True),
        (["manage.py", "migrate"], False),
        (["manage.py", "sync_sites"], False),
        (["manage.py"], False),
    ],
)
def test_which_commands_are_somebodys_doing(arguments, acts):
    assert (from_command_line(arguments) is not None) is acts


def test_nothing_in_it_is_changed_or_deleted(as_staff, staff):
    entry = AuditEntry.objects.create(action=Action.ACTED, actor="staff", name="x")

    entry.name = "y"
    for forbidden in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(name="y"),
        lambda: AuditEntry.objects.bulk_update([entry], ["name"]),
        lambda: AuditEntry.objects.update_or_create({"name": "y"}, pk=entry.pk),
    ):
        with pytest.raises(AppendOnly):
            forbidden()
    page = reverse("admin:privacy_auditentry_change", args=[entry.pk])
    assert as_staff.get(page).status_code == 200
    assert as_staff.post(page, {"name": "y"}).status_code == 403
    for way in ("delete", "add"):
        args = [entry.pk] if way == "delete" else []
        address = reverse(f"admin:privacy_auditentry_{way}", args=args)
        assert as_staff.post(address, {"post": "yes"}).status_code == 403
    as_staff.post(TRAIL, {"action": "delete_selected", "_selected_action": [entry.pk]})
    assert AuditEntry.objects.get(pk=entry.pk).name == "x"


@pytest.mark.postgresql
def test_nor_past_the_portal():
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    entry = AuditEntry.objects.create(action=Action.ACTED, actor="staff", name="x")
    for sql in (
        "UPDATE privacy_auditentry SET name = 'y'",
        "DELETE FROM privacy_auditentry",
    ):
        with (
            pytest.raises(DatabaseError, match="only added to"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
    assert AuditEntry.objects.get(pk=entry.pk).name == "x"


def test_the_list_finds_by_person_object_and_request(as_staff, staff, fleet):
    other = UserFactory(staff=True, email="other@operator.example")
    mine = AuditEntry.objects.create(
        action=Action.CHANGED, actor="staff", user=staff, object_type="drivers.fleet", object_id="7"
    )
    others = AuditEntry.objects.create(
        action=Action.ACTED, actor="staff", user=other, name="try_again", request_id="ab" * 16
    )

    def found(**query) -> set[int]:
        page = as_staff.get(TRAIL, query)
        assert page.status_code == 200
        return {
            each.pk for each in page.context["cl"].result_list if each.action != Action.SIGNED_IN
        }

    assert found(user=staff.pk) == {mine.pk}
    assert found(object_type="drivers.fleet", object_id="7") == {mine.pk}
    assert found(kind="drivers.fleet") == {mine.pk}
    assert found(q="7") == {mine.pk}
    assert found(q="ab" * 16) == {others.pk}
    assert found(q="other@operator.example") == {others.pk}
    assert found(q="try_again") == {others.pk}
    assert found() == {mine.pk, others.pk}


def test_staff_without_the_right_do_not_see_it(client):
    client.force_login(UserFactory(is_staff=True))

    assert client.get(TRAIL).status_code == 403


def test_somebody_whose_account_is_gone_is_told_by_number(as_staff):
    AuditEntry.objects.create(action=Action.ACTED, actor="staff", user_id=4711)

    assert "Person 4711" in as_staff.get(TRAIL).content.decode()
