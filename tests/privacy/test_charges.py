"""What was charged tells of people: exported, erased, cleared. The fleet's accounts stay."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.utils.timezone import now

from charging.models import Assignment, MonthChange, Session, Transaction
from privacy.classification import Kind, columns_of
from privacy.erasure import erase_driver
from privacy.export import export_driver
from privacy.retention import clear_old_data, due, old_drivers
from tests.factories import DriverFactory, SessionFactory, VehicleFactory

MONTH = timedelta(days=31)


@pytest.fixture
def driver(fleet):
    return DriverFactory(fleet=fleet, email="x.quux@fleet.example")


@pytest.fixture
def charge(fleet, driver, manager):
    """Let the driver have charged so many months ago."""

    def charge(months: float, **more) -> Session:
        session = SessionFactory(
            fleet=fleet,
            driver=driver,
            vehicle=VehicleFactory(fleet=fleet),
            started_at=now() - months * MONTH,
            reference="For Quux",
            id_tag_end="77A1",
            **more,
        )
        Transaction.objects.create(
            ampeco_id=session.pk,
            session=session,
            status="finalized",
            made_at=session.started_at,
            amount=session.amount,
            currency="EUR",
        )
        changes = {"reference": ["", "For Quux"], "vehicle": [None, session.vehicle_id]}
        Assignment.objects.create(session=session, user=manager, changes=changes)
        return session

    return charge


def test_export_has_all_that_is_personal(charge, driver):
    charge(1)
    document = json.loads("".join(export_driver(driver)))
    (told,) = document["charges"]
    personal = {
        name
        for name, kind in columns_of("charging.Session").items()
        if kind in {Kind.PERSONAL, Kind.TEXT, Kind.OPERATORS_KEY}
    }
    assert personal <= told.keys()
    assert (told["reference"], told["id_tag_end"]) == ("For Quux", "77A1")
    assert document["payments"][0]["status"] == "finalized"
    assert document["assignments_of_charges"][0]["changes"]["reference"] == ["", "For Quux"]


def test_export_has_nobody_elses(charge, driver, fleet):
    SessionFactory(fleet=fleet, driver=DriverFactory(fleet=fleet))
    assert json.loads("".join(export_driver(driver)))["charges"] == []


def test_erasure_leaves_the_accounts_and_no_trace(charge, driver):
    charge(1)
    assert erase_driver(driver=driver, email=driver.email)
    session = Session.objects.get()
    assert (session.reference, session.id_tag_end) == ("", "")
    assert session.amount == Decimal(12)
    assert "Quux" not in json.dumps(list(Assignment.objects.values_list("changes", flat=True)))


def test_old_charges_name_nobody_and_are_summed_anew(charge, driver, fleet, settings):
    settings.RETENTION_MONTHS = 12
    old, young = charge(14), charge(10)
    total = Session.objects.aggregate(total=Sum("amount"))["total"]
    assert due().charges == 1
    assert clear_old_data().charges == 1
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.driver.ampeco_user_id, old.vehicle, old.reference, old.id_tag_end) == (
        0,
        None,
        "",
        "",
    )
    assert old.assignments.get().user is None
    assert (young.driver, young.reference) == (driver, "For Quux")
    assert MonthChange.objects.get(fleet=fleet).month == old.local_day.replace(day=1)
    assert Session.objects.aggregate(total=Sum("amount"))["total"] == total
    assert clear_old_data().charges == 0
    assert due().charges == 0


def test_drivers_of_whom_charges_tell_keep_their_names(charge, driver, settings):
    settings.RETENTION_MONTHS = 12
    long_ago = now() - 20 * MONTH
    driver.fleet_drivers.update(left_at=long_ago)
    type(driver).objects.filter(pk=driver.pk).update(synced_at=long_ago)
    session = charge(11)
    before = now() - 12 * MONTH
    assert not old_drivers(before).exists()
    Session.objects.filter(pk=session.pk).update(started_at=now() - 13 * MONTH)
    clear_old_data()
    driver.refresh_from_db()
    assert driver.is_erased
