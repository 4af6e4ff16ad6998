"""A driver gets all that is kept of them, and nothing of anybody else."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.urls import reverse

from bookings.models.booking import link_token
from charging.models import Session
from drivers.models import Driver
from privacy.classification import Kind, columns_of
from privacy.export import export_driver
from privacy.models import AuditEntry
from privacy.people import OfDriver
from tests.factories import DriverFactory, MembershipFactory, secret_of

pytestmark = pytest.mark.django_db

# Other words for what stands in `email` and the names, made for the search.
MADE_FROM_OTHERS = {"search_text", "reference_key", "slot_key"}


@pytest.fixture
def as_staff(client, staff):
    client.force_login(staff)
    return client


@pytest.fixture
def everything(quux, past_booking, taken_away, their_feed):
    past_booking(quux)
    return quux


def exported(driver) -> dict:
    return json.loads("".join(export_driver(driver)))


def test_each_personal_column_is_in_it(everything):
    document = exported(everything)

    rows = OfDriver(everything)
    sections = {
        "driver": Driver.objects.filter(pk=everything.pk),
        "bookings": rows.bookings,
        "requests": rows.requests,
        "history_of_requests": rows.request_events,
        "history_of_bookings": rows.events,
        "charging_sessions": rows.sessions,
        "mails": rows.mails,
    }
    for name, query in sections.items():
        kinds = columns_of(query.model._meta.label)
        wanted = {
            column
            for column, kind in kinds.items()
            if kind in {Kind.PERSONAL, Kind.TEXT, Kind.OPERATORS_KEY}
        } - MADE_FROM_OTHERS
        assert document[name], name
        assert wanted <= document[name][0].keys(), name
        assert len(document[name]) == query.distinct().count(), name
    (driver,) = document["driver"]
    assert (driver["first_name"], driver["locale"]) == ("Xandra", "de")
    booking = document["bookings"][0]
    assert (booking["reference"], booking["fleet"]) == ("For Quux", "Hudson Parcel Fleet")
    assert document["charging_sessions"][0]["energy_kwh"] == "41.500"
    assert document["fleets"][0]["fleet"] == "Hudson Parcel Fleet"
    addresses = {each["recipient_email"] for each in document["mails"]}
    assert addresses == {"xandra.quux@fleet.example", "an.old.address.of.quux@fleet.example"}


def test_nobody_else_and_no_secret_is_in_it(everything, manager, their_feed, past_booking):
    other = DriverFactory(first_name="Somebody", last_name="Else")
    past_booking(other)
    text = "".join(export_driver(everything))

    assert "another driver" in text
    for part in (manager.email, manager.name, "Somebody", other.email, secret_of(their_feed)):
        assert part not in text
    for booking in OfDriver(everything).bookings:
        assert link_token(booking, everything) not in text


def test_who_also_logs_in_gets_that_too(everything, fleet):
    user = MembershipFactory(fleet=fleet, user__email=everything.email).user

    document = exported(everything)

    assert document["log_in"][0]["name"] == user.name
    assert "password" not in document["log_in"][0]
    assert document["memberships"][0]["role"] == "manager"


def test_queries_do_not_grow_with_the_bookings(
    everything, past_booking, django_assert_max_num_queries
):
    for days in range(20):
        past_booking(everything, days_ago=40 + days)
    with django_assert_max_num_queries(22):
        document = exported(everything)
    assert len(document["bookings"]) == 21


def test_staff_export_from_the_drivers_page(as_staff, staff, everything):
    page = reverse("admin:drivers_driver_personal_data", args=[everything.pk])
    link = reverse("admin:drivers_driver_change", args=[everything.pk])
    assert page in as_staff.get(link).content.decode()
    assert as_staff.get(page).status_code == 200
    assert not AuditEntry.objects.filter(action="exported").exists()

    answer = as_staff.post(page, {"do": "export"})

    assert answer["Content-Disposition"] == f'attachment; filename="driver-{everything.pk}.json"'
    assert json.loads(answer.getvalue())["driver"][0]["last_name"] == "Quux"
    entry = AuditEntry.objects.get(action="exported")
    assert (entry.user_id, entry.object_id) == (staff.pk, str(everything.pk))


def test_the_command_writes_it(everything, capsys, tmp_path):
    call_command("export_driver", "XANDRA.quux@fleet.example")
    assert json.loads(capsys.readouterr().out)["driver"][0]["last_name"] == "Quux"

    path = tmp_path / "driver.json"
    call_command("export_driver", everything.email, output=str(path))
    assert json.loads(path.read_text())["bookings"]
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_driver", everything.email, output=str(path))
    with pytest.raises(CommandError, match="keeps nothing"):
        call_command("export_driver", "nobody@fleet.example")
    assert AuditEntry.objects.filter(action="exported", object_id=str(everything.pk)).count() == 2


def test_what_cannot_be_written_is_not_noted_and_half_a_file_not_kept(everything, tmp_path):
    path = tmp_path / "driver.json"
    path.write_text("Somebody's")
    for output in (path, tmp_path / "nowhere" / "driver.json"):
        with pytest.raises(CommandError, match="cannot be written"):
            call_command("export_driver", everything.email, output=str(output))
    assert not AuditEntry.objects.filter(action="exported").exists()
    assert path.read_text() == "Somebody's"

    path.unlink()

    def die(execute, sql, params, many, context):
        if f'FROM "{Session._meta.db_table}"' in sql:
            raise OperationalError
        return execute(sql, params, many, context)

    with connection.execute_wrapper(die), pytest.raises(OperationalError):
        call_command("export_driver", everything.email, output=str(path))
    assert list(tmp_path.iterdir()) == []


def test_of_an_erased_driver_there_is_nothing_to_export(as_staff, everything):
    Driver.objects.filter(pk=everything.pk).update(email="")
    page = as_staff.get(reverse("admin:drivers_driver_personal_data", args=[everything.pk]))

    assert "Export as JSON" not in page.content.decode()
