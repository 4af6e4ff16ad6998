from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from allauth.mfa.signals import authenticator_added

        user_logged_in.connect(_note_sign_in, dispatch_uid="accounts-sign-in")
        authenticator_added.connect(_end_weaker_sessions, dispatch_uid="accounts-factor")


def _note_sign_in(request: HttpRequest | None, **_signal: Any) -> None:
    from accounts.sessions import note_sign_in

    if request is not None:
        note_sign_in(request)


def _end_weaker_sessions(request: HttpRequest, user: Any, **_signal: Any) -> None:
    """Sign somebody out where they signed in without the factor that they have now."""
    from accounts.second_factor import MAY_UNTIL
    from accounts.sessions import end_sessions

    # For the first one only.
    request.session.pop(MAY_UNTIL, None)
    end_sessions(user, but=request.session.session_key)
