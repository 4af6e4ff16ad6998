"""How log-in differs from the library's defaults."""

import logging
import secrets
import smtplib
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.internal import ratelimit
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from accounts.devices import device_of
from shell.addresses import client_address, plain_address

logger = logging.getLogger(__name__)


class ClosedAdapter(DefaultAccountAdapter):
    """Closes sign-up, as staff make the accounts, and knows proxies, devices and lost mails."""

    _by_strangers: ratelimit.RateLimitUsage | None = None
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("Incorrect e-mail or password."),
        "incorrect_password": _("Incorrect password."),
        "enter_current_password": _("Your current password is incorrect."),
        "too_many_login_attempts": _("Too many attempts. Please try again in five minutes."),
        "too_many_codes": _(
            "Too many incorrect codes today. Please try again tomorrow, use a passkey, or ask"
            " your portal administrator."
        ),
        "rate_limited": _("Too many attempts. Please try again in five minutes."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return as whom the limits by address count a request.

        A device that is known to who signs in counts for itself, so that nobody else uses up what
        it may try. Who comes from where nobody can tell is counted with nobody.
        """
        device = device_of(request, request.POST.get("login", ""))
        return device or plain_address(request) or secrets.token_hex(8)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count an attempt for the account from this device or address, and from all strangers.

        Only what strangers try together can keep others out, and no device that is known.
        """
        email = str(credentials.get("email", ""))
        if not device_of(request, email):
            count = {"app": "allauth.account", "action": "strangers", "key": email.lower()}
            self._by_strangers = ratelimit.consume(request, **count)
            if not self._by_strangers:
                raise self.validation_error("too_many_login_attempts")
        super().pre_authenticate(request, **credentials)

    def _rollback_login_failed_rl_usage(self) -> None:
        """Forget an attempt that succeeded."""
        super()._rollback_login_failed_rl_usage()
        if self._by_strangers:
            self._by_strangers.rollback()

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        email = str(credentials.get("email", ""))
        # The library's own has the Host header in it, which whoever guesses writes.
        counted_as = device_of(request, email) or client_address(request)
        return f"{email.lower()} {counted_as}"

    def is_safe_url(self, url: str) -> bool:
        return url_has_allowed_host_and_scheme(
            url,
            allowed_hosts={urlsplit(settings.SITE_URL).netloc},
            require_https=context.request.is_secure(),
        )

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        return reverse("account_security")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> bool:
        """Send a mail at once; return whether it went out.

        One that cannot be handed over undoes nothing: it is logged. Its links lead to SITE_URL: the
        library makes them of the Host header, which whoever asks for the mail writes.
        """
        if "ip" in context:
            context["ip"] = plain_address(self.request) or "–"
        asked_at = self.request.build_absolute_uri("/")
        for name, value in context.items():
            if isinstance(value, str) and value.startswith(asked_at):
                context[name] = f"{settings.SITE_URL}/{value.removeprefix(asked_at)}"
        try:
            super().send_mail(template_prefix, email, context)
        except (smtplib.SMTPException, OSError) as error:
            # The error's text may name the recipient.
            what = template_prefix.rpartition("/")[2]
            logger.error("The mail %s was not sent: %s", what, type(error).__name__)  # noqa: TRY400
            return False
        return True
