"""Pages about a fleet's team: who belongs to it, inviting, roles, removing, leaving."""

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User, language_for
from drivers.models import FleetMembership, TeamRole
from drivers.permissions import FleetRequest, admin_required, member_required
from drivers.team import NotAllowed, NotChanged, change_role, check_admin_remains
from shell.kept_forms import typed
from shell.viewer import viewer_zone
from team.forms import InvitationForm, LeavingForm, RoleForm
from team.handover import feeds_made_by
from team.invitations import deliver, invite, revoke
from team.leaving import HeirNeeded, Left, end_membership
from team.models import Invitation
from team.selectors import members_of, open_invitations


@member_required
@require_safe
def team(request: FleetRequest) -> HttpResponse:
    """Show the team; its admins also see who is invited, and a form to invite."""
    return _show_team(request, _invitation_form(request))


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def invite_somebody(request: FleetRequest) -> HttpResponse:
    """Invite somebody and show the team; or say beside the field why nobody was invited."""
    data = typed(request)
    if data is None:
        return redirect("team:list")
    form = InvitationForm(data)
    if request.method == "POST" and form.is_valid():
        try:
            invitation = invite(
                fleet=request.fleet, by=_user(request), staff=False, **form.cleaned_data
            )
        except NotChanged as refusal:
            form.add_error("email", refusal.message)
        except NotAllowed:
            raise PermissionDenied from None
        else:
            _deliver(request, invitation)
            return redirect("team:list")
    return _show_team(request, form)


@admin_required
@require_POST
def send_again(request: FleetRequest, pk: int) -> HttpResponse:
    """Send an invitation's mail again; its days begin anew."""
    invitation = get_object_or_404(Invitation, pk=pk, fleet=request.fleet)
    _deliver(request, invitation)
    return redirect("team:list")


@admin_required
@require_POST
def revoke_invitation(request: FleetRequest, pk: int) -> HttpResponse:
    """Let an invitation's link open nothing from now on."""
    get_object_or_404(Invitation, pk=pk, fleet=request.fleet)
    try:
        done = revoke(fleet=request.fleet, pk=pk, by=_user(request))
    except NotAllowed:
        raise PermissionDenied from None
    if done:
        messages.success(request, _("The invitation has been revoked. Its link no longer works."))
    else:
        messages.info(request, _("This invitation is no longer open."))
    return redirect("team:list")


@admin_required
@require_POST
def other_role(request: FleetRequest, pk: int) -> HttpResponse:
    """Give a member another role; or say beside it why it stays."""
    members = FleetMembership.objects.select_related("user")
    member = get_object_or_404(members, pk=pk, fleet=request.fleet)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _show_team(
            request, _invitation_form(request), problem=(pk, _("This role does not exist."))
        )
    role: TeamRole = form.cleaned_data["role"]
    feeds = feeds_made_by(request.fleet, member.user).count()
    try:
        changed = change_role(fleet=request.fleet, pk=pk, role=role, by=_user(request))
    except NotChanged as refusal:
        return _show_team(request, _invitation_form(request), problem=(pk, refusal.message))
    except FleetMembership.DoesNotExist:
        raise Http404 from None
    except NotAllowed:
        raise PermissionDenied from None
    text = _("%(name)s now has the role “%(role)s”.")
    names = {"name": changed.user.display_name, "role": changed.team_role.label}
    # They end with the right to book.
    told = [text % names, *([_calendars_end(feeds)] if feeds and not changed.can_book else [])]
    messages.success(request, " ".join(told))
    return redirect("team:list")


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: FleetRequest, pk: int) -> HttpResponse:
    """Ask who takes over from a member, then take them out of the team."""
    members = FleetMembership.objects.select_related("user", "fleet")
    membership = get_object_or_404(members, pk=pk, fleet=request.fleet)
    if membership.user_id == request.user.pk:
        return redirect("team:leave")
    return _leaving(request, membership)


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: FleetRequest) -> HttpResponse:
    return _leaving(request, request.membership)


def _leaving(request: FleetRequest, membership: FleetMembership) -> HttpResponse:
    itself = membership.user_id == request.user.pk
    form = LeavingForm(typed(request), membership=membership)
    problem = ""
    try:
        check_admin_remains(membership)
        if request.method == "POST" and form.is_valid():
            left = end_membership(
                fleet=request.fleet,
                pk=membership.pk,
                heir=form.cleaned_data.get("heir"),
                by=_user(request),
            )
            messages.success(request, _what_happened(left, form, itself=itself))
            if not itself:
                return redirect("team:list")
            elsewhere = FleetMembership.objects.filter(user=left.user, fleet__is_active=True)
            return redirect("home" if elsewhere.exists() else "account_security")
    except HeirNeeded as refusal:
        form.add_error("heir" if "heir" in form.fields else None, refusal.message)
    except NotChanged as refusal:
        problem = refusal.message
    except FleetMembership.DoesNotExist:
        raise Http404 from None
    except NotAllowed:
        raise PermissionDenied from None
    context = {"form": form, "membership": membership, "itself": itself, "problem": problem}
    return render(request, "team/remove.html", context)


def _what_happened(left: Left, form: LeavingForm, *, itself: bool) -> str:
    told = [
        _("You have left the team.")
        if itself
        else _("%(name)s is no longer in the team.") % {"name": left.user.display_name}
    ]
    if left.bookings:
        heir = form.cleaned_data.get("heir")
        text = ngettext(
            "%(number)d booking was handed over to %(heir)s.",
            "%(number)d bookings were handed over to %(heir)s.",
            left.bookings,
        )
        name = heir.display_name if heir else _("all managers of the fleet")
        told.append(text % {"number": left.bookings, "heir": name})
    if left.feeds:
        told.append(_calendars_end(left.feeds))
    return " ".join(told)


def _calendars_end(number: int) -> str:
    text = ngettext(
        "The address of %(number)d calendar no longer works.",
        "The addresses of %(number)d calendars no longer work.",
        number,
    )
    return text % {"number": number}


def _deliver(request: FleetRequest, invitation: Invitation) -> None:
    names = {"email": invitation.email}
    try:
        sent = deliver(invitation)
    except NotChanged as refusal:
        messages.error(request, refusal.message)
        return
    if sent:
        messages.success(request, _("An invitation was sent to %(email)s.") % names)
    else:
        text = _("The e-mail to %(email)s could not be sent. Please send it again below.")
        messages.error(request, text % names)


def _show_team(
    request: FleetRequest, form: InvitationForm, *, problem: tuple[int, str] | None = None
) -> HttpResponse:
    runs_team = request.membership.can_run_team
    context = {
        "form": form,
        "members": members_of(request.fleet),
        "invitations": open_invitations(request.fleet) if runs_team else [],
        "runs_team": runs_team,
        "roles": TeamRole,
        "problem_of": problem[0] if problem else None,
        "problem": problem[1] if problem else "",
        "zone": viewer_zone(request) or ZoneInfo("UTC"),
        "now": timezone.now(),
    }
    return render(request, "team/list.html", context)


def _invitation_form(request: FleetRequest) -> InvitationForm:
    return InvitationForm(initial={"language": language_for(_user(request).language)})


def _user(request: FleetRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
