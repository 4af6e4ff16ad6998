"""What a test that commits leaves to the next one: nothing."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import TransactionTestCase

from privacy.models import AuditEntry
from tests.database.emptying import MUCH, deletions
from tests.factories import BookingRequestFactory, FleetFactory, MembershipFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def end_of_a_test():
    """What happens at the end of a test that commits."""
    return TransactionTestCase()._fixture_teardown


def tables_with_rows() -> set[str]:
    with connection.cursor() as cursor:
        found = set()
        for name in connection.introspection.django_table_names(only_existing=True):
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {connection.ops.quote_name(name)})")
            if cursor.fetchone()[0]:
                found.add(name)
    return found


AT_FIRST = {ContentType._meta.db_table, Permission._meta.db_table}


def test_no_rows_stay(end_of_a_test):
    BookingRequestFactory(booking__fleet=MembershipFactory().fleet)
    group = Group.objects.create(name="Clerks")
    group.permissions.set(Permission.objects.all()[:3])
    AuditEntry.objects.create(actor="portal", action="changed", name="x")
    assert len(tables_with_rows()) > len(AT_FIRST) + 10

    end_of_a_test()

    assert tables_with_rows() == AT_FIRST


def test_nor_do_many(end_of_a_test):
    FleetFactory()
    AuditEntry.objects.bulk_create(
        AuditEntry(actor="portal", action="changed", changes={"x": "y" * 900})
        for _ in range(MUCH // 900)
    )
    assert connection.vendor != "postgresql" or deletions() is None

    end_of_a_test()

    assert tables_with_rows() == AT_FIRST


@pytest.mark.parametrize("model", [ContentType, Permission])
def test_what_permissions_there_are_is_as_before(model, end_of_a_test):
    names = {"codename"} if model is Permission else {"app_label", "model"}
    before = set(model.objects.values_list(*names))
    model.objects.order_by("pk").last().delete()

    end_of_a_test()

    assert set(model.objects.values_list(*names)) == before
    assert tables_with_rows() == AT_FIRST
