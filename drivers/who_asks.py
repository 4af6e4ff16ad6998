"""Who asks, and for which fleets they may: session, person and memberships in one query.

A page that somebody who is signed in asks for begins with these three. They are read together, by
what is noted of the session; where that gives nothing (nobody is signed in, the note is gone, staff
without a fleet) each is read by itself, as Django does.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.models import Session
from django.db.models import CharField, DateTimeField, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from accounts.session_store import SessionStore as PlainSessionStore
from accounts.session_store import digest_of
from drivers.models import FleetMembership
from mirror.written_once import Gap, written_once


@dataclass(frozen=True, slots=True)
class Known:
    """Whose session it is, by the notes, with their active memberships by the fleets' names."""

    user: User
    memberships: list[FleetMembership]


class SessionStore(PlainSessionStore):
    """Reads along with a session who is signed in with it."""

    known: Known | None = None

    def _get_session_from_db(self) -> Session | None:
        key = digest_of(self.session_key)
        rows = _members_in(session=key, now=timezone.now())
        if not rows or rows[0].session_data is None:
            return super()._get_session_from_db()
        self.known = Known(rows[0].user, [*rows])
        return Session(session_key=key, session_data=rows[0].session_data)


@written_once(session=CharField(), now=DateTimeField())
def _members_in(session: Gap, now: Gap) -> QuerySet[Any]:
    """Return the active memberships of whose session it is, with that and the person."""
    of_session = Session.objects.filter(session_key=session, expire_date__gt=now)
    return (
        active_memberships()
        .filter(user__usersession__session_key=session)
        .select_related("user")
        .annotate(session_data=Subquery(of_session.values("session_data")[:1]))
    )


def active_memberships() -> QuerySet[FleetMembership]:
    memberships = FleetMembership.objects.filter(fleet__is_active=True).select_related("fleet")
    return memberships.order_by("fleet__name", "pk")


class ReadWhoAsks(AuthenticationMiddleware):
    """Django's own, but that it asks no more for a person who was read with the session."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _user_of(request))  # type: ignore[assignment]


def memberships_of(request: HttpRequest) -> list[FleetMembership]:
    """Return the active memberships of the user who is logged in, by the fleet's name."""
    user = request.user
    if not user.is_authenticated:
        return []
    known = getattr(request.session, "known", None)
    if known and known.user.pk == user.pk:
        return known.memberships
    return list(active_memberships().filter(user=user))


def _user_of(request: HttpRequest) -> User:
    if not hasattr(request, "_cached_user"):
        request._cached_user = _known_user(request) or auth.get_user(request)  # type: ignore[attr-defined]
    return request._cached_user  # type: ignore[attr-defined]


def _known_user(request: HttpRequest) -> User | None:
    """Return who was read with the session; None where Django has to look closer."""
    session = request.session
    # What is asked of the session first makes it be read.
    user_pk = session.get(auth.SESSION_KEY)
    known: Known | None = getattr(session, "known", None)
    if known is None or user_pk != str(known.user.pk) or not known.user.is_active:
        return None
    if session.get(auth.BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    told = session.get(auth.HASH_SESSION_KEY, "")
    is_right = constant_time_compare(told, known.user.get_session_auth_hash())
    return known.user if is_right else None
