"""Decides when a fleet's month goes out: once it is over and settled, to each recipient once."""

from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from charging.models import MonthChange
from charging.services import month_of
from drivers.models import Fleet
from drivers.team import lock_team
from mirror.models import SyncRun
from mirror.work import wake_on_commit
from notifications.models import Notification
from notifications.queue import SEND
from reports.mails.recipients import recipients_of
from reports.models import MailRecipient
from reports.months import add_months
from reports.summing.sessions import FARTHEST
from shell.formats import as_zone

# After so many days nobody waits for it any more: who is named later begins with the next month.
OPEN_DAYS = 12
# So long it waits for sessions to be read that were made at the end of the month.
PATIENCE = timedelta(days=5)


def plan_due(*, now: datetime | None = None) -> int:
    """Write the mails of the last month that are due; return how many. Again it writes none."""
    now = now or timezone.now()
    local = now.astimezone(as_zone(None))
    begins = datetime.combine(
        local.date().replace(day=settings.REPORT_MAIL_DAY),
        time(settings.REPORT_MAIL_HOUR),
        local.tzinfo,
    )
    if not begins <= local < begins + timedelta(days=OPEN_DAYS):
        return 0
    month = add_months(month_of(local.date()), -1)
    if not _is_read(month) and now < begins + PATIENCE:
        return 0
    wanted = MailRecipient.objects.filter(ended_at=None).values("fleet")
    marked = MonthChange.objects.filter(month=month).values("fleet")
    fleets = Fleet.objects.filter(is_active=True, pk__in=wanted).exclude(pk__in=marked)
    return sum(_plan(fleet, month) for fleet in fleets.order_by("pk"))


@transaction.atomic
def _plan(fleet: Fleet, month: date) -> int:
    kind = Notification.Kind.MONTH_REPORT
    # Whoever plans at the same time waits here, and then finds what is planned.
    lock_team(fleet)
    mails = Notification.objects.filter(fleet=fleet, month=month, kind=kind)
    told = {address.casefold() for address in mails.values_list("recipient_email", flat=True)}
    rows = [
        Notification(
            fleet=fleet,
            month=month,
            kind=kind,
            audience=Notification.Audience.MANAGER,
            recipient_email=each.address,
            recipient_user=each.user,
        )
        for each in recipients_of(fleet).order_by("pk")
        if each.address.casefold() not in told
    ]
    if rows:
        Notification.objects.bulk_create(rows)
        wake_on_commit(SEND)
    return len(rows)


def _is_read(month: date) -> bool:
    """Whether all sessions of a month have been read, as far as they can be at all."""
    runs = SyncRun.objects.filter(kind=SyncRun.Kind.SESSIONS, state=SyncRun.State.FINISHED)
    over = datetime.combine(add_months(month, 1), time(), UTC) + FARTHEST
    return not runs.exists() or runs.filter(started_at__gte=over).exists()
