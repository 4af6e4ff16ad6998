"""Sessions in the database, under digests of their keys: who reads the table is in nobody's."""

import hashlib
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone


def digest_of(session_key: str | None) -> str:
    """Return under what the database knows a session; "" for none."""
    # Keys are as random as 160 bits, which is what the column has room for.
    return hashlib.sha256(session_key.encode()).hexdigest()[:40] if session_key else ""


class SessionStore(db.SessionStore):
    """Knows the key, which the browser has, and tells the database its digest only."""

    def _get_session_from_db(self) -> Session | None:
        if found := _row(self.session_key).filter(expire_date__gt=timezone.now()).first():
            return found
        self._session_key = None
        return None

    def exists(self, session_key: str) -> bool:
        return _row(session_key).exists()

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        session = super().create_model_instance(data)
        session.session_key = digest_of(session.session_key)
        return session

    def delete(self, session_key: str | None = None) -> None:
        _row(session_key or self.session_key).delete()


def _row(session_key: str | None) -> QuerySet[Session]:
    return Session.objects.filter(session_key=digest_of(session_key))
