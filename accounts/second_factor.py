"""The second factor: codes of an app, passkeys, recovery codes."""

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from shell.sealing import seal, unseal

# Recovery codes only stand in for one of these.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
SIGNER = TimestampSigner(salt="accounts.factor-link", sep=".")
# How long the link for a first one opens the way, and how long the way then stays open.
LINK_SECONDS = 30 * 60
MAY_UNTIL = "may_set_up_factor_until"


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
        host = urlsplit(settings.SITE_URL).hostname or ""
        # Passkeys belong to names: a portal on one's own machine has this one.
        name = "localhost" if host in {"127.0.0.1", "::1"} else host
        return {"id": name, "name": settings.PORTAL_NAME}

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:  # noqa: A002
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey") if number == 1 else gettext("Passkey %d") % number

    def encrypt(self, text: str) -> str:
        """Return a secret as the database keeps it: of no use without SECRET_KEY."""
        return seal(text, purpose="second-factor")

    def decrypt(self, encrypted_text: str) -> str:
        secret = unseal(encrypted_text, purpose="second-factor")
        if secret is None:
            return base64.b32encode(hashlib.sha256(encrypted_text.encode()).digest()).decode()
        return secret


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


def new_factor_link(user: User) -> str:
    """Return the address with which somebody, signed in, may set up their first factor.

    It works once, for half an hour, and until the next one is made or e-mail or password change.
    """
    secret = secrets.token_urlsafe(24)
    User.objects.filter(pk=user.pk).update(factor_link=_hash_of(secret, user))
    query = urlencode({"link": SIGNER.sign(secret)})
    return f"{settings.SITE_URL}{reverse('account_security')}?{query}"


def use_factor_link(request: HttpRequest, token: str) -> bool:
    """Use a link up, and open the way for this session; return whether it was a good one."""
    assert isinstance(request.user, User)
    try:
        secret = SIGNER.unsign(token, max_age=LINK_SECONDS)
    except BadSignature:
        return False
    theirs = User.objects.filter(pk=request.user.pk, factor_link=_hash_of(secret, request.user))
    if not theirs.update(factor_link=""):
        return False
    request.session[MAY_UNTIL] = time.time() + LINK_SECONDS
    return True


def may_set_up(request: HttpRequest) -> bool:
    """Return whether this session may set up a factor.

    The first one of staff opens the back office: a password alone, which somebody may have
    learned, is not enough for it.
    """
    return request.session.get(MAY_UNTIL, 0) > time.time() or not must_set_up(request.user)


def _hash_of(secret: str, user: User) -> str:
    about = f"{secret} {user.pk} {user.email} {user.password}"
    return salted_hmac("accounts.factor-link", about, algorithm="sha256").hexdigest()


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
