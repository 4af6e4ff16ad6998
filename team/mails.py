"""The mail that asks somebody to join a fleet's team."""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User, language_for
from drivers.models import TeamRole
from shell.plain_text import is_plain_name
from team.models import VALID, Invitation


def send_mail(invitation: Invitation, *, url: str) -> None:
    """Send an invitation with the address at which it is accepted.

    In the language of the account, where there is one, else in that of the invitation. Raises
    smtplib.SMTPException or OSError when the mail cannot be handed over.
    """
    account = User.objects.with_email(invitation.email).first()
    wanted = account.language if account is not None else ""
    with translation.override(language_for(wanted or invitation.language)):
        compose(invitation, url=url).send()


def compose(invitation: Invitation, *, url: str) -> EmailMultiAlternatives:
    """Return the mail in the language that is active."""
    fleet = _one_line(invitation.fleet.name)
    names = {
        "fleet": fleet if is_plain_name(fleet) else _("a fleet"),
        "portal": _one_line(settings.PORTAL_NAME),
    }
    subject = _("Join %(fleet)s in %(portal)s") % names
    inviter = invitation.invited_by
    # Staff stay nameless, and somebody without a name is known by the e-mail that they sign in by.
    from_team = inviter is not None and not inviter.is_staff
    name, from_whom = _one_line(invitation.name), ""
    if inviter is not None and from_team:
        from_whom = _one_line(inviter.name)
        if not (from_whom and is_plain_name(from_whom)):
            from_whom = inviter.email
    context = {
        "subject": subject,
        "language": translation.get_language(),
        "bidi": translation.get_language_bidi(),
        "portal_name": settings.PORTAL_NAME,
        "portal_url": settings.SITE_URL,
        "fleet_name": names["fleet"],
        "name": name if is_plain_name(name) else "",
        "inviter": from_whom,
        "may": what_they_may(TeamRole(invitation.role)),
        "email": invitation.email,
        "action_url": url,
        "days": VALID.days,
    }
    message = EmailMultiAlternatives(
        subject,
        render_to_string("mail/team_invitation.txt", context),
        to=[invitation.email],
        reply_to=[inviter.email] if inviter is not None and from_team else None,
        headers={"Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(render_to_string("mail/team_invitation.html", context), "text/html")
    return message


def what_they_may(role: TeamRole) -> str:
    """Return what somebody with a role may do, as a sentence to them."""
    return {
        TeamRole.ADMIN: _("You will book charging for the fleet’s drivers and manage its team."),
        TeamRole.MANAGER: _("You will book charging for the fleet’s drivers."),
        TeamRole.VIEWER: _("You will see the fleet’s bookings, without changing them."),
    }[role]


def _one_line(text: str) -> str:
    return " ".join(text.split())
