"""Mails about one's log-in that the library does not send."""

from allauth.account.adapter import get_adapter
from django.http import HttpRequest

from accounts.models import User


def tell_factor_removed(request: HttpRequest, user: User) -> None:
    """Tell somebody by mail that staff took their second factor away; never fails."""
    get_adapter(request).send_mail("mfa/email/removed_by_staff", user.email, {"user": user})
