"""Everything that a mail may be about: for each situation, the rows that its mail is written from.

A test takes the `stage` of `mail_cases`, puts a situation on it and reads what `compose` makes.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bookings.models import (
    Actor,
    Booking,
    BookingDowntime,
    BookingEvent,
    BookingRequest,
    ChargerReport,
)
from bookings.wording.attention import downtime_facts
from bookings.wording.versions import as_json
from drivers.models import Driver
from notifications.models import Notification
from sites.models import Evse
from tests.factories import BookingFactory, BookingRequestFactory, DowntimeFactory, EvseFactory

Kind = Notification.Kind
What = BookingEvent.What
HOUR = timedelta(hours=1)
# When the tests about mails take place, whenever they run: a Friday in New York, in winter time.
FRIDAY = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
# Its next Monday evening, until Tuesday morning.
OVERNIGHT = datetime(2026, 11, 23, 23, 0, tzinfo=UTC), datetime(2026, 11, 24, 11, 0, tzinfo=UTC)


@dataclass
class Stage:
    """An approved booking of Dana's overnight at bay A-12, and whoever and whatever is around."""

    booking: Booking
    manager: object
    dana: Driver
    ben: Driver
    bay: Evse
    other_bay: Evse

    def request(self, kind, status="approved", **fields) -> BookingRequest:
        """Settle a request about the booking."""
        fields = {"asked_by": Actor.MANAGER, "created_by": self.manager} | fields
        return BookingRequestFactory(booking=self.booking, kind=kind, status=status, **fields)

    def change(self, status="approved", **wanted) -> BookingRequest:
        """Settle a change of what the booking is; carry it out where it is approved."""
        request = self.request(
            "update",
            status,
            previous_driver=self.dana,
            previous_start_at=self.booking.start_at,
            previous_end_at=self.booking.end_at,
            **wanted,
        )
        if status == "approved":
            for name in ("driver", "start_at", "end_at"):
                setattr(self.booking, name, getattr(request, name))
            self.save()
        return request

    def event(self, what=What.CHANGED, actor=Actor.OPERATOR, note="", also=None, **changes):
        """Record something that happened besides requests, with what it changed."""
        event = BookingEvent.objects.create(
            booking=self.booking,
            what=what,
            actor=actor,
            note=note,
            driver=self.dana if actor == Actor.DRIVER else None,
            changes={
                name: [as_json(getattr(self.booking, name)), as_json(value)]
                for name, value in changes.items()
            }
            | (also or {}),
        )
        for name, value in changes.items():
            setattr(self.booking, name, value)
        self.save()
        return event

    def save(self, **changes) -> None:
        """Change the booking's row."""
        for name, value in changes.items():
            setattr(self.booking, name, value)
        self.booking.version += 1
        self.booking.save()

    def replacement(self, **fields) -> Booking:
        """Return a booking at the other bay that this one was moved to."""
        start, end = OVERNIGHT
        return BookingFactory(
            **{
                "fleet": self.booking.fleet,
                "driver": self.dana,
                "evse": self.other_bay,
                "start_at": start,
                "end_at": end,
                "accepted": True,
                "replaces": self.booking,
                "created_by": self.manager,
            }
            | fields
        )

    def tell(self, kind, audience, *, to=None, **about) -> Notification:
        """Return the row by which somebody is told, as if read from the database."""
        is_driver = audience == "driver"
        driver = (to or self.booking.driver) if is_driver else None
        user = (to or self.manager) if not is_driver else None
        row = Notification.objects.create(
            booking=self.booking,
            kind=kind,
            audience=audience,
            recipient_email=driver.email if is_driver else user.email,
            recipient_driver=driver,
            recipient_user=user,
            **about,
        )
        return Notification.objects.get(pk=row.pk)


SAID = {"rejection_reason": "The bay is serviced.\nAsk for B-2."}
LATER = {"start_at": OVERNIGHT[0] + HOUR, "end_at": OVERNIGHT[1] + HOUR}


def _approved_unassigned(stage):
    request = stage.request("create", evse=None)
    stage.save(evse=None)
    return {"request": request}


def _approved_too_late(stage):
    request = stage.request("create")
    stage.save(status="cancelled")
    return {"request": request}


def _approved_instead(stage, **old):
    stage.save(
        replaces=BookingFactory(
            accepted=True, fleet=stage.booking.fleet, driver=stage.dana, evse=stage.other_bay
        )
    )
    Booking.objects.filter(pk=stage.booking.replaces_id).update(**old)
    return {"request": stage.request("create")}


def _refused(stage, status, **fields):
    stage.save(status="rejected" if status == "rejected" else "not-placed")
    return {"request": stage.request("create", status, **fields)}


def _refused_any(stage):
    stage.save(evse=None, status="rejected")
    wanted = {"wanted_current_type": "dc", "wanted_connector_type": "ccs2"}
    wanted |= {"wanted_min_power_kw": "50"}
    return {"request": stage.request("create", "rejected", evse=None, **wanted)}


def _move_refused(stage):
    about = _approved_instead(stage)
    BookingRequest.objects.all().update(status="rejected")
    stage.save(status="rejected")
    return {"request": BookingRequest.objects.get(pk=about["request"].pk)}


def _cancelled(stage, **fields):
    request = stage.request("cancel", **fields)
    stage.save(status="cancelled")
    return {"request": request}


def _withdrawn(stage):
    request = stage.request("create", "failed", failure="withdrawn")
    request.events.create(to_status="failed", actor=Actor.DRIVER)
    stage.save(status="cancelled", ampeco_booking_id=None)
    return {"request": request}


def _cancelled_by_move(stage):
    stage.replacement()
    return _cancelled(stage)


def _cancel_refused_after_move(stage):
    stage.replacement()
    return {"request": stage.request("cancel", "rejected", **SAID)}


def _moved_elsewhere(stage):
    evse = EvseFactory(
        charge_point__location__name="Depot Queens", label="Q-1", physical_reference="QU-0001"
    )
    return {"event": stage.event(location=evse.charge_point.location, evse=evse, **LATER)}


def _revived(stage):
    stage.save(status="cancelled")
    return {"event": stage.event(status=Booking.Status.ACCEPTED)}


def _reminder(stage, open_change=""):
    stage.save(open_change=open_change)
    return {}


def _running_late(stage, minutes, note):
    also = {"late_minutes": [None, minutes]} if minutes else {}
    return {
        "event": stage.event(What.RUNNING_LATE, Actor.DRIVER, note, also),
    }


def _maintenance(s: Stage) -> dict[str, object]:
    downtime = DowntimeFactory(
        evse=s.bay, start_at=s.booking.start_at - HOUR, end_at=s.booking.start_at + HOUR
    )
    BookingDowntime.objects.create(booking=s.booking, downtime=downtime)
    also = downtime_facts(downtime)
    return {"event": s.event(What.DOWNTIME, Actor.PORTAL, also=also)}


def _charger_trouble(stage, message):
    event = stage.event(What.CHARGER_REPORTED, Actor.DRIVER, also={"report": [None, "blocked"]})
    ChargerReport.objects.create(
        booking=stage.booking, event=event, driver=stage.dana, what="blocked", message=message
    )
    return {"event": event}


# What happened: the kind of mail, and what puts it on the stage.
SITUATIONS = {
    "approved": (Kind.APPROVED, lambda s: {"request": s.request("create")}),
    "approved-unassigned": (Kind.APPROVED, _approved_unassigned),
    "approved-too-late": (Kind.APPROVED, _approved_too_late),
    "approved-instead": (
        Kind.APPROVED,
        lambda s: _approved_instead(s, open_change="cancel"),
    ),
    "approved-and-replaced": (Kind.APPROVED, lambda s: _approved_instead(s, status="cancelled")),
    "rejected": (Kind.REJECTED, lambda s: _refused(s, "rejected", **SAID)),
    "rejected-silently": (Kind.REJECTED, lambda s: _refused(s, "rejected")),
    "rejected-any": (Kind.REJECTED, _refused_any),
    "move-rejected": (Kind.REJECTED, _move_refused),
    "not-placed": (Kind.NOT_PLACED, lambda s: _refused(s, "failed", failure="slot-gone")),
    "not-placed-refused": (
        Kind.NOT_PLACED,
        lambda s: _refused(s, "failed", failure="refused", **SAID),
    ),
    "changed": (Kind.CHANGED, lambda s: {"request": s.change(**LATER)}),
    "changed-driver": (Kind.CHANGED, lambda s: {"request": s.change(driver=s.ben)}),
    "change-rejected": (
        Kind.CHANGE_REFUSED,
        lambda s: {"request": s.change("rejected", driver=s.ben, **LATER, **SAID)},
    ),
    "change-rejected-silently": (
        Kind.CHANGE_REFUSED,
        lambda s: {"request": s.change("rejected", **LATER)},
    ),
    "change-failed": (
        Kind.CHANGE_REFUSED,
        lambda s: {"request": s.change("failed", failure="too-late", **LATER)},
    ),
    "move-ended": (
        Kind.CHANGE_REFUSED,
        lambda s: {"event": s.event(What.MOVE_ENDED, note="No bay is free.")},
    ),
    "cancelled-by-manager": (Kind.CANCELLED, _cancelled),
    "cancelled-by-driver": (Kind.CANCELLED, lambda s: _cancelled(s, asked_by=Actor.DRIVER)),
    "cancelled-by-staff": (Kind.CANCELLED, lambda s: _cancelled(s, asked_by=Actor.STAFF)),
    "cancelled-by-portal": (Kind.CANCELLED, lambda s: _cancelled(s, asked_by=Actor.PORTAL)),
    "cancelled-by-move": (Kind.CANCELLED, _cancelled_by_move),
    "withdrawn-by-driver": (Kind.CANCELLED, _withdrawn),
    "cancelled-by-operator": (
        Kind.CANCELLED,
        lambda s: {"event": s.event(status=Booking.Status.CANCELLED)},
    ),
    "gone": (
        Kind.CANCELLED,
        lambda s: {"event": s.event(What.GONE, status=Booking.Status.UNKNOWN)},
    ),
    "cancel-rejected": (
        Kind.CANCEL_REFUSED,
        lambda s: {"request": s.request("cancel", "rejected", **SAID)},
    ),
    "cancel-rejected-silently": (
        Kind.CANCEL_REFUSED,
        lambda s: {"request": s.request("cancel", "rejected")},
    ),
    "cancel-failed": (
        Kind.CANCEL_REFUSED,
        lambda s: {"request": s.request("cancel", "failed", failure="booking-over")},
    ),
    "cancel-rejected-after-move": (Kind.CANCEL_REFUSED, _cancel_refused_after_move),
    "moved": (Kind.MOVED, lambda s: {"event": s.event(**LATER)}),
    "moved-elsewhere": (Kind.MOVED, _moved_elsewhere),
    "revived": (Kind.MOVED, _revived),
    "moved-to-driver": (Kind.MOVED, lambda s: {"event": s.event(driver=s.ben)}),
    "failed": (Kind.FAILED, lambda s: {"event": s.event(status=Booking.Status.FAILED)}),
    "no-show": (Kind.NO_SHOW, lambda s: {"event": s.event(status=Booking.Status.NO_SHOW)}),
    "reminder": (Kind.REMINDER, _reminder),
    "reminder-update": (Kind.REMINDER, lambda s: _reminder(s, "update")),
    "reminder-move": (Kind.REMINDER, lambda s: _reminder(s, "move")),
    "reminder-cancel": (Kind.REMINDER, lambda s: _reminder(s, "cancel")),
    "running-late": (Kind.RUNNING_LATE, lambda s: _running_late(s, 20, "Stuck in the tunnel.")),
    "running-late-briefly": (Kind.RUNNING_LATE, lambda s: _running_late(s, None, "")),
    "charger-trouble": (Kind.CHARGER_TROUBLE, lambda s: _charger_trouble(s, "White van, XY 12")),
    "maintenance": (Kind.MAINTENANCE, _maintenance),
}
