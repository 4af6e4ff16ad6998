"""Mails about one's log-in that the library does not send."""

from allauth.account.adapter import get_adapter
from django.http import HttpRequest

from accounts.models import User
from accounts.second_factor import LINK_SECONDS, new_factor_link


def tell_factor_removed(request: HttpRequest, user: User) -> None:
    """Tell somebody by mail that staff took their second factor away; never fails."""
    get_adapter(request).send_mail("mfa/email/removed_by_staff", user.email, {"user": user})


def mail_factor_link(request: HttpRequest, user: User) -> bool:
    """Mail somebody the link for their first second factor at once; return whether it went out."""
    context = {"link": new_factor_link(user), "minutes": LINK_SECONDS // 60}
    return get_adapter(request).send_mail("mfa/email/first_factor", user.email, context)
