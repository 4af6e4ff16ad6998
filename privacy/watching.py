"""Notes what staff change, as it is saved, and when they sign in."""

from dataclasses import replace
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.http import HttpRequest

from privacy.acting import doer
from privacy.audit import Action, note, note_failed_sign_in
from privacy.classification import may_be_told
from privacy.middleware import doer_of

# What the portal and its libraries note by themselves.
OF_NO_INTEREST = frozenset(
    {
        "account.EmailConfirmation",
        "admin.LogEntry",
        "contenttypes.ContentType",
        "mirror.SyncRun",
        "privacy.AuditEntry",
        "privacy.ClearedBookings",
        "sessions.Session",
        "telemetry.Sweep",
        "usersessions.UserSession",
    }
)
# Many at once, and not in the back office.
NOT_DELETED_BY_STAFF = frozenset(
    {
        "bookings.Booking",
        "bookings.BookingEvent",
        "bookings.BookingRequest",
        "bookings.BookingRequestEvent",
        "calendars.CalendarFeed",
        "bookings.ChargingSession",
        "notifications.Notification",
        "charging_sites.ChargePoint",
        "charging_sites.Connector",
        "charging_sites.Evse",
        "charging_sites.Location",
        "drivers.FleetDriver",
        "drivers.PrivateAccess",
    }
)
# With each sign-in: that is noted already.
CHANGE_WITH_EACH_SIGN_IN = frozenset({"last_login", "last_used_at"})
BEFORE = "_privacy_before"


def watch() -> None:
    """Connect to Django's signals; doing it twice changes nothing."""
    pre_save.connect(remember, dispatch_uid="privacy-remember")
    post_save.connect(note_saved, dispatch_uid="privacy-saved")
    # One by one: where anybody listens, Django reads each row before it deletes it.
    for model in apps.get_models():
        if model._meta.label not in OF_NO_INTEREST | NOT_DELETED_BY_STAFF:
            uid = f"privacy-deleted-{model._meta.label}"
            post_delete.connect(note_deleted, sender=model, dispatch_uid=uid)
    m2m_changed.connect(note_links, dispatch_uid="privacy-links")
    user_logged_in.connect(note_sign_in, dispatch_uid="privacy-sign-in")
    user_logged_out.connect(note_sign_out, dispatch_uid="privacy-sign-out")
    user_login_failed.connect(note_failure, dispatch_uid="privacy-sign-in-failed")


def is_of_interest(model: type[Model]) -> bool:
    """Return whether somebody acts whose changes to such rows are noted."""
    return doer() is not None and model._meta.label not in OF_NO_INTEREST


def remember(sender: type[Model], instance: Model, raw: bool = False, **_: Any) -> None:
    """Keep what a row was before it is saved."""
    if raw or instance._state.adding or not is_of_interest(sender):
        return
    setattr(instance, BEFORE, _values(sender, instance.pk))


def note_saved(
    sender: type[Model], instance: Model, created: bool, raw: bool = False, **_: Any
) -> None:
    """Note a row that was added or changed."""
    if raw or not is_of_interest(sender):
        return
    before = instance.__dict__.pop(BEFORE, None) or {}
    after = _values(sender, instance.pk)
    label = sender._meta.label
    changes = {
        name: [_json(before.get(name)), _json(value)] if may_be_told(label, name) else None
        for name, value in after.items()
        if before.get(name) != value and name not in CHANGE_WITH_EACH_SIGN_IN
    }
    if created:
        changes.pop("id", None)
        note(Action.ADDED, of=instance, changes=changes)
    elif changes:
        note(Action.CHANGED, of=instance, changes=changes)


def note_deleted(sender: type[Model], instance: Model, **_: Any) -> None:
    """Note a row that was deleted, with what may be told of it."""
    if not is_of_interest(sender):
        return
    label = sender._meta.label
    was = {
        field.name: [_json(getattr(instance, field.attname)), None]
        for field in sender._meta.concrete_fields
        if may_be_told(label, field.name) and not field.primary_key
    }
    note(Action.DELETED, of=instance, changes=was)


def note_links(
    sender: type[Model],
    instance: Model,
    action: str,
    reverse: bool,
    pk_set: set[Any] | None,
    **_: Any,
) -> None:
    """Note which others a row was linked to or no longer is: groups and rights."""
    if action not in {"post_add", "post_remove", "pre_clear"} or doer() is None:
        return
    name = next(
        (
            field.name
            for field in type(instance)._meta.many_to_many
            if field.remote_field.through is sender
        ),
        sender._meta.model_name or "",
    )
    keys = sorted(pk_set or ())
    if action == "pre_clear" and not reverse:
        keys = sorted(getattr(instance, name).values_list("pk", flat=True))
    if keys:
        change = [None, keys] if action == "post_add" else [keys, None]
        note(Action.CHANGED, of=instance, changes={name: change})


def note_sign_in(request: HttpRequest | None, user: Any, **_: Any) -> None:
    """Note that a member of staff has signed in."""
    if user.is_staff and request is not None:
        note(Action.SIGNED_IN, of=user, by=replace(doer_of(request), user_id=user.pk))


def note_sign_out(request: HttpRequest | None, user: Any, **_: Any) -> None:
    """Note that a member of staff has signed out."""
    if user is not None and user.is_staff and request is not None:
        note(Action.SIGNED_OUT, of=user, by=replace(doer_of(request), user_id=user.pk))


def note_failure(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """Note that somebody tried to sign in as a member of staff."""
    name = credentials.get("email") or credentials.get("username")
    if not isinstance(name, str) or request is None:
        return
    users = get_user_model().objects
    user = users.filter(email__iexact=name.strip(), is_staff=True).first()
    if user is not None:
        note_failed_sign_in(user, by=replace(doer_of(request), user_id=None))


def _values(model: type[Model], key: Any) -> dict[str, Any]:
    """Return what stands in the database, by the names of fields."""
    attributes = {field.attname: field.name for field in model._meta.concrete_fields}
    row = model._base_manager.filter(pk=key).values(*attributes).first() or {}
    return {attributes[attribute]: value for attribute, value in row.items()}


def _json(value: Any) -> Any:
    """Return a value as JSON has it."""
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
