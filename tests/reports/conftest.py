"""What tests of reports begin with."""

import pytest
from django.utils import timezone

from mirror.models import SyncRun


@pytest.fixture(autouse=True)
def sessions_are_read(request) -> SyncRun | None:
    """Let the operator's sessions have been read for long, of the fleets that there are."""
    if "fleet" not in request.fixturenames:
        return None
    for fleet in ("fleet", "other_fleet"):
        request.getfixturevalue(fleet)
    now = timezone.now()
    return SyncRun.objects.create(
        kind=SyncRun.Kind.SESSIONS,
        state=SyncRun.State.FINISHED,
        started_at=now,
        alive_at=now,
        counts={"since": {"sessions": "2020-01-01T00:00:00+00:00"}},
    )
