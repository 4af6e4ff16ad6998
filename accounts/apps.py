from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from allauth.account import signals
        from allauth.mfa.signals import authenticator_added
        from allauth.usersessions.signals import on_password_changed, on_user_logged_in

        # The library notes keys of sessions as they are.
        signals.user_logged_in.disconnect(on_user_logged_in)
        signals.password_set.disconnect(on_password_changed)
        signals.password_changed.disconnect(on_password_changed)
        for new_key in (signals.password_set, signals.password_changed):
            new_key.connect(_note_session, dispatch_uid="accounts-session")
        user_logged_in.connect(_note_sign_in, dispatch_uid="accounts-sign-in")
        user_logged_out.connect(_note_sign_out, dispatch_uid="accounts-sign-out")
        authenticator_added.connect(_end_weaker_sessions, dispatch_uid="accounts-factor")


def _note_sign_in(request: HttpRequest | None, user: Any, **_signal: Any) -> None:
    from accounts.sessions import note_sign_in

    if request is not None:
        note_sign_in(request, user)


def _note_sign_out(request: HttpRequest | None, **_signal: Any) -> None:
    if request is not None:
        request.signed_out = True  # type: ignore[attr-defined]


def _note_session(request: HttpRequest, user: Any, **_signal: Any) -> None:
    from accounts.sessions import note_session

    if request.session.session_key:
        note_session(request, user)


def _end_weaker_sessions(request: HttpRequest, user: Any, **_signal: Any) -> None:
    """Sign somebody out where they signed in without the factor that they have now."""
    from accounts.second_factor import MAY_UNTIL
    from accounts.sessions import end_sessions, this_session

    # For the first one only.
    request.session.pop(MAY_UNTIL, None)
    end_sessions(user, but=this_session(request))
