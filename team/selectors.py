"""What the page of a team shows."""

from dataclasses import dataclass
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.db.models import Max, OuterRef, Subquery
from django.utils import timezone

from drivers.models import Fleet, FleetMembership
from team.models import Invitation


@dataclass(frozen=True, slots=True)
class Member:
    """One of a team; `seen_at` is when they last used the portal, in UTC, if that is known."""

    membership: FleetMembership
    seen_at: datetime | None


def members_of(fleet: Fleet) -> list[Member]:
    sessions = UserSession.objects.filter(user=OuterRef("user")).order_by().values("user")
    rows = (
        FleetMembership.objects.filter(fleet=fleet)
        .select_related("user", "fleet")
        .annotate(last_seen=Subquery(sessions.annotate(at=Max("last_seen_at")).values("at")))
        .order_by("user__name", "user__email", "pk")
    )
    return [Member(row, _later(row.last_seen, row.user.last_login)) for row in rows]


def open_invitations(fleet: Fleet) -> list[tuple[Invitation, bool]]:
    now = timezone.now()
    rows = fleet.invitations.filter(state=Invitation.State.OPEN).select_related("invited_by")
    return [(row, row.is_expired(now)) for row in rows.order_by("-created_at", "-pk")]


def _later(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
