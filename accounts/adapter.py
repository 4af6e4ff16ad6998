"""How log-in differs from the library's defaults."""

import logging
import smtplib
from ipaddress import IPv4Address
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from shell.addresses import client_ip

logger = logging.getLogger(__name__)

# Counted together: who comes from where nobody can tell.
NOWHERE = IPv4Address("0.0.0.0")  # noqa: S104 - no address to listen on


class ClosedAdapter(DefaultAccountAdapter):
    """Closes sign-up, as staff make the accounts, and knows proxies, ways back and lost mails."""

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
        address = client_ip(request) or NOWHERE
        # Without the interface that a link-local address of IPv6 may name.
        return str(address).partition("%")[0]

    def is_safe_url(self, url: str) -> bool:
        request = context.request
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        return reverse("account_security")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> bool:
        """Send a mail at once; return whether it went out.

        One that cannot be handed over undoes nothing: it is logged.
        """
        try:
            super().send_mail(template_prefix, email, context)
        except (smtplib.SMTPException, OSError) as error:
            # The error's text may name the recipient.
            what = template_prefix.rpartition("/")[2]
            logger.error("The mail %s was not sent: %s", what, type(error).__name__)  # noqa: TRY400
            return False
        return True
