"""A small operator at which drivers charge, mirrored, and the mirror of what they charged."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils.timezone import now

from charging.mirroring.run import sync_sessions
from charging.models import Session
from mirror.models import SyncRun
from sandbox.world.cast import ANA
from sandbox.world.tariffs import add_tariffs
from tests.small_operator import *  # noqa: F403
from tests.small_operator import operator_world  # noqa: F401

Charge = Callable[..., Session]


@pytest.fixture(autouse=True)
def tariffs(operator_world) -> None:  # noqa: F811
    """Let what is charged at the small operator cost something."""
    add_tariffs(operator_world)


@pytest.fixture
def sync(mirrored, ampeco_client) -> Callable[[], SyncRun]:
    """Run the mirror of sessions once."""

    def sync() -> SyncRun:
        run = sync_sessions(client=ampeco_client)
        assert run is not None
        return run

    return sync


@pytest.fixture
def charged(operator):
    """Let somebody have charged at the operator without a booking; return its id there."""
    operator.failed_payment_share = operator.refunded_share = 0

    def charged(
        started_at: datetime | None = None,
        *,
        hours: float = 1,
        kwh: float = 20,
        user_id: int = ANA.id,
        evse_id: int = 301,
        **said: Any,
    ) -> int:
        start = (started_at or now() - timedelta(days=3)).replace(microsecond=0)
        session = operator.add_session(
            user_id=user_id,
            evse_id=evse_id,
            started_at=start,
            stops_at=start + timedelta(hours=hours),
            wants_kwh=kwh,
        )
        if said:
            correct(operator, session.id, **said)
        return session.id

    return charged


def correct(operator, pk: int, **said: Any) -> None:
    """Let something be otherwise of a session at the operator from now on."""
    from sandbox.world import accounts

    if "amount" in said:
        said["amount"] = Decimal(said["amount"])
    session = accounts.find_session(operator, pk)
    assert session is not None
    accounts.correct(operator, session, **said)


def mirrored_session(pk: int) -> Session:
    return Session.objects.get(ampeco_id=str(pk))
