"""Notes what staff do in the back office."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from privacy.acting import Doer, begin, end
from privacy.audit import MOST_OBJECTS, note_action
from shell.addresses import client_ip

ONLY_LOOK = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# Their changes are noted one by one, with old and new values, as they are saved.
NOTED_AS_SAVED = ("_add", "_change", "_delete")
# Opened by its link alone, for whoever holds it: it has nothing to do with who is signed in.
DRIVERS_PAGE = "driver-page"
# These note themselves, or change nothing.
NOTED_THEMSELVES = frozenset({"logout", "login", "jsi18n", "autocomplete"})


class NoteStaff:
    """Tells the audit trail who acts while staff send something, and which action they start.

    An action of the back office is noted before it begins: whatever becomes of it, that it was
    started stands in the trail. If that cannot be written, the action does not begin.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        token = begin(None)
        try:
            return self.get_response(request)
        finally:
            end(token)

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
        if not getattr(request.user, "is_staff", False):
            return
        who = doer_of(request)
        begin(who)
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
    address = client_ip(request)
    return Doer(
        user_id=user.pk if user is not None and user.is_authenticated else None,
        address=str(address).partition("%")[0] if address else None,
        request_id=getattr(request, "request_id", ""),
    )


def _model_of(url_name: str) -> type[Model] | None:
    """Return whose page of the back office this is; None where it is of no kind of object."""
    names = {f"{model._meta.app_label}_{model._meta.model_name}_": model for model in _registered()}
    return next((model for start, model in names.items() if url_name.startswith(start)), None)


def _registered() -> Iterable[type[Model]]:
    return admin.site._registry.keys()


def _chosen(request: HttpRequest, model: type[Model]) -> list[object]:
    """Return the keys of the rows that an action is for: those picked, or all that are listed."""
    if request.POST.get("select_across", "0") not in {"0", ""}:
        try:
            listed = admin.site._registry[model].get_changelist_instance(request)
            rows = listed.get_queryset(request)
        except IncorrectLookupParameters:
            # The back office will refuse it as well.
            return []
        return list(rows.order_by().values_list("pk", flat=True)[: MOST_OBJECTS + 1])
    return list(request.POST.getlist(ACTION_CHECKBOX_NAME)[: MOST_OBJECTS + 1])
