"""Whatever comes in whichever order and however often: sums are those of what was said last."""

from collections import defaultdict
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.db import transaction
from django.db.models import Count, Sum
from django.utils.timezone import now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ampeco.types import Session as Record
from charging.mirroring.pages import store_sessions
from charging.models import MonthChange, Session
from tests.factories import DriverFactory

DIGITS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
amounts = st.decimals(min_value=0, max_value=5000, places=5, allow_nan=False)
# What is said of a session, one thing after the other; pages of some of it.
said = st.tuples(st.integers(1, 12), amounts, st.sampled_from(sorted(DIGITS)))
pages = st.lists(st.lists(said, max_size=8), max_size=6)


def record(pk: int, amount: Decimal, currency: str, user_id: int) -> Record:
    start = now() - timedelta(days=3 * pk)
    return Record.from_payload(
        {
            "id": str(pk),
            "status": "finished",
            "userId": user_id,
            "startedAt": start.isoformat(),
            "stoppedAt": (start + timedelta(hours=1)).isoformat(),
            "energy": 1234 * pk,
            "totalAmount": {"withTax": float(amount)},
            "currency": currency,
            "billingStatus": "completed",
        }
    )


@pytest.mark.django_db
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pages=pages)
def test_sums_by_currency(fleet, pages):
    driver = DriverFactory(fleet=fleet)
    Session.objects.all().delete()
    last: dict[int, tuple[Decimal, str]] = {}
    for page in pages:
        with transaction.atomic():
            store_sessions(
                [record(*one, driver.ampeco_user_id) for one in page],
                now=now(),
                kept_since=None,
                may_read_paid=True,
            )
        last |= {pk: (amount, currency) for pk, amount, currency in page}
    wanted: dict[str, Decimal] = defaultdict(Decimal)
    for amount, currency in last.values():
        cent = Decimal(1).scaleb(-DIGITS[currency])
        wanted[currency] += Decimal(str(float(amount))).quantize(cent, ROUND_HALF_UP)
    found = Session.objects.values("currency").annotate(sum=Sum("amount"), sessions=Count("pk"))
    # SQLite adds as binary fractions do.
    assert {row["currency"]: round(Decimal(row["sum"]), 3) for row in found} == {
        currency: round(amount, 3) for currency, amount in wanted.items()
    }
    assert sum(row["sessions"] for row in found) == len(last)
    marked = set(MonthChange.objects.filter(fleet=fleet).values_list("month", flat=True))
    days = Session.objects.values_list("local_day", flat=True)
    assert {day.replace(day=1) for day in days} <= marked
