"""The second factor: codes of an app, passkeys, recovery codes."""

import base64
import hashlib
from typing import Any

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User

# Recovery codes only stand in for one of these.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class PortalMFAAdapter(DefaultMFAAdapter):
    """Keeps secrets unreadable in the database, and speaks the portal's words."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("Incorrect code or passkey."),
        "cannot_generate_recovery_codes": _(
            "Recovery codes are a backup for an app or a passkey. Please set up one of these first."
        ),
    }

    def get_totp_issuer(self) -> str:
        return settings.PORTAL_NAME

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": context.request.get_host().partition(":")[0], "name": settings.PORTAL_NAME}

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:  # noqa: A002
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey") if number == 1 else gettext("Passkey %d") % number

    def encrypt(self, text: str) -> str:
        """Return a secret as the database keeps it: of no use without SECRET_KEY."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _box().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return base64.b32encode(hashlib.sha256(encrypted_text.encode()).digest()).decode()


def _box() -> MultiFernet:
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    digests = [hashlib.sha256(b"second-factor:" + key.encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def has_second_factor(user: User | AnonymousUser) -> bool:
    return Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists()


def must_set_up(user: User | AnonymousUser) -> bool:
    """Return whether somebody needs a second factor for the back office and has none."""
    return bool(
        settings.STAFF_SECOND_FACTOR
        and user.is_authenticated
        and user.is_staff
        and not has_second_factor(user)
    )


def remove_second_factor(user: User) -> int:
    """Take all factors and recovery codes of somebody away, and return how many there were.

    For those who lost them. The caller says so to the person, and notes who did it.
    """
    removed, _by_model = Authenticator.objects.filter(user=user).delete()
    return removed


def factors_in_words(user: User) -> str:
    """Return what somebody signs in with beside the password, as staff read it."""
    kinds = list(
        Authenticator.objects.filter(user=user, type__in=FACTORS).values_list("type", flat=True)
    )
    words = []
    if Authenticator.Type.TOTP in kinds:
        words.append(gettext("app"))
    if passkeys := kinds.count(Authenticator.Type.WEBAUTHN):
        words.append(ngettext("%d passkey", "%d passkeys", passkeys) % passkeys)
    return ", ".join(words) or gettext("none")
