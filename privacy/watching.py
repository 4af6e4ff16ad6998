"""Notes what staff do: in the back office, as it is saved, and when they sign in."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.http import HttpRequest, HttpResponse

from privacy.acting import DOER, Doer
from privacy.audit import MOST_OBJECTS, Action, note, note_action, note_failed_sign_in
from privacy.classification import may_be_told
from shell.addresses import plain_address
from shell.middleware import ONLY_LOOK
from upstream.emails import email_spellings

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
        "bookings.ChargerReport",
        "bookings.ChargingSession",
        "notifications.Notification",
        "remote.RemoteAction",
        "remote.RemoteActionEvent",
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
ACTING = "_privacy_acting"


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
    return DOER.get() is not None and model._meta.label not in OF_NO_INTEREST


def remember(sender: type[Model], instance: Model, raw: bool = False, **_: Any) -> None:
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
    if action not in {"post_add", "post_remove", "pre_clear"} or DOER.get() is None:
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
    if user.is_staff and request is not None:
        note(Action.SIGNED_IN, of=user, by=replace(doer_of(request), user_id=user.pk))


def note_sign_out(request: HttpRequest | None, user: Any, **_: Any) -> None:
    if user is not None and user.is_staff and request is not None:
        note(Action.SIGNED_OUT, of=user, by=replace(doer_of(request), user_id=user.pk))


def note_failure(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """Note that somebody tried to sign in as a member of staff."""
    name = credentials.get("email") or credentials.get("username")
    if not isinstance(name, str) or request is None:
        return
    users = get_user_model().objects
    user = users.filter(email__in=email_spellings(name), is_staff=True).first()
    if user is not None:
        note_failed_sign_in(user, by=replace(doer_of(request), user_id=None))


def _values(model: type[Model], key: Any) -> dict[str, Any]:
    attributes = {field.attname: field.name for field in model._meta.concrete_fields}
    row = model._base_manager.filter(pk=key).values(*attributes).first() or {}
    return {attributes[attribute]: value for attribute, value in row.items()}


def _json(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


# Their changes are noted one by one, with old and new values, as they are saved.
NOTED_AS_SAVED = ("_add", "_change", "_delete")
# Opened by its link alone, for whoever holds it: it has nothing to do with who is signed in.
DRIVERS_PAGE = "driver-page"
# Booking rules, and what drivers may do; cost centres and budgets; what chargers are told.
SET_BY_FLEETS_TOO = frozenset({"charging", "limits", "remote"})
# These note themselves, or change nothing.
NOTED_THEMSELVES = frozenset({"logout", "login", "jsi18n", "autocomplete"})


class NoteStaff:
    """Tells the audit trail who acts while staff send something, and which action they start.

    And who acts while somebody of a fleet sets what staff can set for it as well.

    An action of the back office is noted before it begins: whatever becomes of it, that it was
    started stands in the trail. If that cannot be written, the action does not begin.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        finally:
            token = request.__dict__.pop(ACTING, None)
            if token is not None:
                DOER.reset(token)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],  # noqa: ARG002
        args: tuple[Any, ...],  # noqa: ARG002
        kwargs: dict[str, Any],
    ) -> None:
        """Note who acts."""
        match = request.resolver_match
        if request.method in ONLY_LOOK or (match and DRIVERS_PAGE in match.namespaces):
            return
        is_staff = getattr(request.user, "is_staff", False)
        if not is_staff and not (match and SET_BY_FLEETS_TOO & set(match.namespaces)):
            return
        who = replace(doer_of(request), of_fleet=not is_staff)
        setattr(request, ACTING, DOER.set(who))
        if match is None or "admin" not in match.namespaces or match.url_name is None:
            return
        name = match.url_name
        if name in NOTED_THEMSELVES or name.endswith(NOTED_AS_SAVED):
            return
        model = _model_of(name)
        action = request.POST.get("action", "") if name.endswith("_changelist") else ""
        keys: Iterable[object] = [kwargs["object_id"]] if "object_id" in kwargs else []
        if action and model is not None:
            keys = _chosen(request, model)
        elif name.endswith("_changelist"):
            # Nothing was picked.
            return
        if model is not None:
            name = name.removeprefix(f"{model._meta.app_label}_{model._meta.model_name}_")
        note_action(action or name, model=model, keys=keys, by=who)


def doer_of(request: HttpRequest) -> Doer:
    """Return who sends a request."""
    user = getattr(request, "user", None)
    return Doer(
        user_id=user.pk if user is not None and user.is_authenticated else None,
        address=plain_address(request) or None,
        request_id=getattr(request, "request_id", ""),
    )


def _model_of(url_name: str) -> type[Model] | None:
    """Return whose page of the back office this is; None where it is of no kind of object."""
    names = {f"{model._meta.app_label}_{model._meta.model_name}_": model for model in _registered()}
    return next((model for start, model in names.items() if url_name.startswith(start)), None)


def _registered() -> Iterable[type[Model]]:
    return admin.site._registry.keys()


def _chosen(request: HttpRequest, model: type[Model]) -> list[object]:
    if request.POST.get("select_across", "0") not in {"0", ""}:
        try:
            listed = admin.site._registry[model].get_changelist_instance(request)
            rows = listed.get_queryset(request)
        except IncorrectLookupParameters:
            # The back office will refuse it as well.
            return []
        return list(rows.order_by().values_list("pk", flat=True)[: MOST_OBJECTS + 1])
    return list(request.POST.getlist(ACTION_CHECKBOX_NAME)[: MOST_OBJECTS + 1])
