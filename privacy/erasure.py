"""Erases what is kept of a person, on request. What happened stays, but not to whom.

A driver's row stays as well, without e-mail, name and language, but with the id that the operator
has of them: by it the mirror knows whom not to read again, and bookings keep their place. The
operator's own platform holds a record that only the operator can erase.
"""

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import CharField, F, Model, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import ERASED_DOMAIN, User
from accounts.sessions import end_sessions
from batches.models import Batch
from bookings.models import (
    Actor,
    Booking,
    BookingEvent,
    BookingRequest,
    BookingRequestEvent,
    ChargerReport,
)
from charging.models import Assignment, Session
from drivers.models import Driver, Fleet, FleetMembership
from drivers.team import LastAdmin, check_admin_remains, lock_team
from notifications.models import Notification
from privacy.audit import Action, note
from privacy.people import OfDriver, mails_to_user
from reports.models import MailRecipient
from series.models import Series, SeriesDate
from sites.models import FavouriteSite
from tariffs.models import TariffAnswer
from team.handover import hand_over, revoke_feeds_of
from team.invitations import revoke_those_beyond
from team.models import Invitation
from upstream.emails import email_key, email_spellings
from waiting.actions import cancel_wish
from waiting.models import Wish

State = Notification.State
AT_ONCE = 500


class NotErased(Exception):
    """Nothing was erased. `message` is for the person who asked; `field` the one it is about."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


def erase_driver(*, driver: Driver, email: str, now: datetime | None = None) -> bool:
    """Erase a driver whose e-mail was typed to confirm it; return whether this call did it.

    Raises NotErased, with nothing changed, for another e-mail and while there are bookings ahead or
    undecided. What somebody asks for in the same moment, too late to be seen here, is not placed:
    whoever sends it finds that the driver has left the fleet.
    """
    now = now or timezone.now()
    with transaction.atomic():
        # As the mirror locks it.
        locked = Driver.objects.select_for_update(no_key=True).get(pk=driver.pk)
        if locked.is_erased:
            return False
        if email_key(email) != email_key(locked.email):
            raise NotErased(_("This is not the driver’s e-mail."), field="email")
        theirs = OfDriver(locked)
        _hold(theirs.mails)
        for problem in problems_of_driver(theirs, now=now):
            raise NotErased(problem)
        counts = _erase_driver(theirs, now=now)
        note(Action.ERASED, of=locked, counts=counts)
    return True


def problems_of_driver(theirs: OfDriver, *, now: datetime | None = None) -> list[str]:
    """Return why a driver cannot be erased now, in sentences."""
    now = now or timezone.now()
    problems = []
    keys = set(theirs.open_bookings.values_list("pk", flat=True))
    keys |= set(theirs.open_requests.values_list("booking", flat=True))
    if keys:
        text = ngettext(
            "The driver has %(number)d booking that is ahead or undecided (%(which)s). Have the "
            "fleet cancel it or change it to another driver first.",
            "The driver has %(number)d bookings that are ahead or undecided (%(which)s). Have the "
            "fleet cancel them or change them to another driver first.",
            len(keys),
        )
        which = ", ".join(f"#{key}" for key in sorted(keys)[:10])
        problems.append(text % {"number": len(keys), "which": which})
    if theirs.mails.filter(state=State.QUEUED, lease_until__gt=now).exists():
        problems.append(_being_sent())
    return problems


def let_back(driver: Driver) -> bool:
    """Let the mirror read an erased person again, as somebody new; return whether this call did it.

    Bookings of before stay with the row without a name.
    """
    with transaction.atomic():
        locked = Driver.objects.select_for_update().get(pk=driver.pk)
        if not locked.is_erased or locked.ampeco_user_id <= 0:
            return False
        cut_loose(Driver.objects.filter(pk=locked.pk))
        note(Action.CHANGED, of=locked, name="let_back")
    return True


def cut_loose(drivers: QuerySet[Driver]) -> int:
    """Take from rows without a name what ties them to the operator's users; return how many."""
    return drivers.filter(email="", ampeco_user_id__gt=0).update(ampeco_user_id=-F("pk"))


def erase_user(*, user: User, email: str, by: User | None, now: datetime | None = None) -> bool:
    """Erase somebody who logged in; return whether this call did it.

    They are signed out and cannot sign in any more. What they looked after in their fleets is the
    business of all managers there, and calendars that they made end. Raises NotErased, with nothing
    changed, for another e-mail than theirs, for oneself, for people with more rights than who asks,
    and for a team's only admin.
    """
    now = now or timezone.now()
    with transaction.atomic():
        # Before the person, as who joins a team does it.
        for fleet in Fleet.objects.filter(memberships__user=user).order_by("pk"):
            lock_team(fleet)
        locked = User.objects.select_for_update().get(pk=user.pk)
        if locked.is_erased:
            return False
        if email_key(email) != email_key(locked.email):
            raise NotErased(_("This is not the person’s e-mail."), field="email")
        if by is not None and by.pk == locked.pk:
            raise NotErased(_("Nobody erases their own account. Ask another member of staff."))
        if by is not None and User.objects.beyond(by).filter(pk=locked.pk).exists():
            raise NotErased(_("Nobody erases people who have more rights than they have."))
        fleets = _leave_fleets(locked, by=by, now=now)
        mails = mails_to_user(locked)
        _hold(mails)
        if mails.filter(state=State.QUEUED, lease_until__gt=now).exists():
            raise NotErased(_being_sent())
        counts = {"fleets": fleets} | _erase_user(locked, mails, now=now)
        note(Action.ERASED, of=locked, counts=counts)
    return True


def blank_texts(
    *,
    bookings: QuerySet[Booking],
    requests: QuerySet[BookingRequest],
    request_events: QuerySet[BookingRequestEvent],
    events: QuerySet[BookingEvent],
    reports: QuerySet[ChargerReport],
) -> None:
    bookings.exclude(reference="").update(reference="", reference_key="")
    requests.exclude(rejection_reason="").update(rejection_reason="")
    reports.exclude(message="").update(message="")
    request_events.exclude(note="").update(note="")
    events.exclude(note="").exclude(what=BookingEvent.What.MOVE_ASKED).update(note="")


def blank_charges(sessions: QuerySet[Session]) -> int:
    """Take from sessions what people wrote, and the end of the card's number; return how many.

    What was charged, and what it cost, stays in the fleet's accounts.
    """
    said = list(Assignment.objects.filter(session__in=sessions, changes__has_key="reference"))
    for assignment in said:
        del assignment.changes["reference"]
    Assignment.objects.bulk_update(said, ["changes"], batch_size=AT_ONCE)
    return sessions.update(reference="", id_tag_end="")


def _erase_driver(theirs: OfDriver, *, now: datetime) -> dict[str, int]:
    driver = theirs.driver
    counts = {"bookings": theirs.bookings.count(), "mails": _blank_mails(theirs.mails, now=now)}
    theirs.mails_about.exclude(subject="").update(subject="")
    blank_texts(
        bookings=theirs.bookings,
        requests=theirs.requests,
        request_events=theirs.request_events,
        events=theirs.events,
        reports=theirs.reports,
    )
    for wish in theirs.wishes.filter(state__in=Wish.OPEN).select_related("fleet"):
        cancel_wish(wish, user=None)
    theirs.remote_actions.exclude(said="").update(said="")
    theirs.wishes.exclude(reference="").update(reference="")
    theirs.wish_events.exclude(note="").update(note="")
    counts["charges"] = blank_charges(theirs.charges)
    # Links of an earlier generation lead nowhere.
    theirs.bookings.update(
        link_generation=F("link_generation") + 1, reminder_at=None, authorized_tokens=[]
    )
    counts["calendars"] = theirs.feeds.filter(revoked_at=None).update(revoked_at=now)
    theirs.private_access.delete()
    theirs.id_tags.delete()
    TariffAnswer.objects.filter(ampeco_user_id=driver.ampeco_user_id).delete()
    # Anybody may have written a name into a table, or into what it is called.
    Batch.objects.filter(rows__in=theirs.table_rows).exclude(name="").update(name="")
    theirs.table_rows.update(reference="", given={}, problem="")
    # A plate stays with its vehicle, which is the fleet's, and leads to nobody any more.
    theirs.vehicles.update(usual_driver=None)
    SeriesDate.objects.filter(series__in=theirs.series).exclude(problem="").update(problem="")
    theirs.series.update(state=Series.State.ENDED, look_at=None, name="", reference="", problem="")
    theirs.fleets.filter(left_at=None).update(left_at=now)
    blank_drivers(Driver.objects.filter(pk=driver.pk))
    _blank_log(driver)
    return counts


def blank_drivers(drivers: QuerySet[Driver]) -> int:
    """Take names, e-mails and languages from drivers; return from how many."""
    return drivers.update(
        email="",
        first_name="",
        last_name="",
        locale="",
        search_text="",
        status=Driver.Status.DISABLED,
    )


def _leave_fleets(user: User, *, by: User | None, now: datetime) -> int:
    """Take somebody out of their teams, which are locked; return how many. Raises NotErased."""
    actor = Actor.STAFF if by else Actor.PORTAL
    memberships = FleetMembership.objects.filter(user=user).select_related("fleet")
    for membership in memberships.order_by("fleet"):
        fleet = membership.fleet
        # An only member leaves nobody behind who needs an admin.
        if fleet.memberships.exclude(pk=membership.pk).exists():
            try:
                check_admin_remains(membership)
            except LastAdmin as refusal:
                raise NotErased(refusal.message) from refusal
        hand_over(fleet=fleet, giver=user, taker=None, actor=actor, by=by, now=now)
        revoke_feeds_of(fleet, user, now=now)
    count = memberships.count()
    memberships.delete()
    return count


def _erase_user(user: User, mails: QuerySet[Notification], *, now: datetime) -> dict[str, int]:
    end_sessions(user)
    UserSession.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    EmailAddress.objects.filter(user=user).delete()
    Invitation.objects.filter(email__in=email_spellings(user.email)).delete()
    FavouriteSite.objects.filter(user=user).delete()
    MailRecipient.objects.filter(Q(user=user) | Q(email__in=email_spellings(user.email))).delete()
    user.groups.clear()
    user.user_permissions.clear()
    counts = {"mails": _blank_mails(mails, now=now)}
    _blank_log(user)
    LogEntry.objects.filter(user=user).update(object_repr="", change_message="")
    user.set_unusable_password()
    # No `save`: the trail has one entry of it, and that names no field.
    User.objects.filter(pk=user.pk).update(
        email=f"erased-{user.pk}@{ERASED_DOMAIN}",
        name="",
        language="",
        password=user.password,
        factor_link="",
        last_login=None,
        is_active=False,
        is_staff=False,
        is_superuser=False,
    )
    user.is_active = False
    revoke_those_beyond(user)
    return counts


def _blank_mails(mails: QuerySet[Notification], *, now: datetime) -> int:
    mails.filter(state=State.QUEUED).update(
        state=State.DROPPED,
        next_attempt_at=now,
        problem=_("What is kept of the recipient was erased."),
    )
    # Each one another: of one thing an address is told once.
    nowhere: Any = Concat(Value("erased-"), Cast("pk", CharField()), Value(f"@{ERASED_DOMAIN}"))
    return mails.update(recipient_email=nowhere, subject="")


def _blank_log(row: Model) -> None:
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(row), object_id=str(row.pk)
    ).update(object_repr="", change_message="")


def _hold(mails: QuerySet[Notification]) -> None:
    """Keep workers from claiming mails that wait until the transaction ends."""
    list(mails.filter(state=State.QUEUED).order_by("pk").select_for_update())


def _being_sent() -> str:
    return _("An e-mail to this person is being sent right now. Please try again in a few minutes.")
