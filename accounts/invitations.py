"""Mails that invite somebody to log in."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User, language_for
from shell.plain_text import is_plain_name

DAY = 86_400


def set_password_url(user: User) -> str:
    names = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return settings.SITE_URL + reverse("account_reset_password_from_key", kwargs=names)


def send_invitation(user: User, *, fleet_name: str = "") -> None:
    """Mail somebody what they may log in to, with a link that sets a password if they have none.

    In the language of their account. Sends at once. Raises smtplib.SMTPException or OSError when
    the mail cannot be handed over.
    """
    has_password = user.has_usable_password()
    with translation.override(language_for(user.language)):
        subject = _("Your account for %(portal)s") % {"portal": settings.PORTAL_NAME}
        context = {
            "subject": subject,
            "portal_name": settings.PORTAL_NAME,
            "portal_url": settings.SITE_URL,
            "language": translation.get_language(),
            "bidi": translation.get_language_bidi(),
            "email": user.email,
            "fleet_name": fleet_name if is_plain_name(fleet_name) else "",
            "has_password": has_password,
            "action_url": settings.SITE_URL if has_password else set_password_url(user),
            "reset_url": settings.SITE_URL + reverse("account_reset_password"),
            "days": max(1, settings.PASSWORD_RESET_TIMEOUT // DAY),
        }
        message = EmailMultiAlternatives(
            subject,
            render_to_string("mail/invitation.txt", context),
            to=[user.email],
            headers={"Auto-Submitted": "auto-generated"},
        )
        message.attach_alternative(render_to_string("mail/invitation.html", context), "text/html")
    message.send()
