"""The pages of the back office on which what is kept of a person is exported and erased."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action
from unfold.widgets import UnfoldAdminEmailInputWidget

from accounts.admin import UserAdmin
from accounts.models import User
from bookings.models import Booking
from drivers.admin import DriverAdmin
from drivers.models import Driver
from privacy.audit import Action, note
from privacy.erasure import NotErased, erase_driver, erase_user, let_back, problems_of_driver
from privacy.export import export_driver, file_name
from privacy.people import OfDriver, mails_to_user
from shell.plain_text import OneLines
from upstream.emails import email_spellings

EXPORT, ERASE = "privacy.export_person", "privacy.erase_person"
TEMPLATE = "privacy/person.html"


class ConfirmForm(OneLines, forms.Form):
    """The e-mail of whoever is to be erased, typed to confirm it."""

    email = forms.CharField(
        label=gettext_lazy("Their e-mail, to confirm"),
        max_length=254,
        widget=UnfoldAdminEmailInputWidget(attrs={"autocomplete": "off"}),
    )


class DriverDataAdmin(DriverAdmin):
    """Drivers, with a page about what is kept of each."""

    actions_detail = ["personal_data"]

    # By a method: one named with a dot is looked for in the database by a check that runs before
    # the first migration.
    def has_export_permission(self, request: HttpRequest, _object_id: str | None = None) -> bool:
        return request.user.has_perm(EXPORT)

    @action(
        description=gettext_lazy("Personal data"), url_path="personal-data", permissions=["export"]
    )
    def personal_data(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what is kept; write it out, erase it, or let somebody erased back in."""
        driver = self.get_object(request, object_id)
        if driver is None:
            raise Http404
        wanted = request.POST.get("do") if request.method == "POST" else None
        if wanted == "export":
            return _exported(driver)
        form = ConfirmForm(request.POST if wanted == "erase" else None)
        if wanted in {"erase", "let-back"} and not request.user.has_perm(ERASE):
            raise PermissionDenied
        if wanted == "erase" and form.is_valid():
            try:
                erase_driver(driver=driver, email=form.cleaned_data["email"])
            except NotErased as refusal:
                form.add_error(refusal.field or None, refusal.message)
            else:
                messages.success(request, _("What was kept of this driver is erased."))
                return redirect(request.path)
        if wanted == "let-back" and let_back(driver):
            messages.success(request, _("The next reading of a fleet may bring this person back."))
            return redirect(request.path)
        return TemplateResponse(request, TEMPLATE, self._context(request, driver, form))

    def _context(self, request: HttpRequest, driver: Driver, form: ConfirmForm) -> dict[str, Any]:
        theirs = OfDriver(driver)
        kept = [
            (_("Fleets, also earlier ones"), theirs.fleets.count()),
            (_("Bookings"), theirs.bookings.count()),
            (_("Requests to the operator"), theirs.requests.distinct().count()),
            (_("Events of bookings"), theirs.events.distinct().count()),
            (_("Charging sessions"), theirs.sessions.count()),
            (_("E-mails to the driver"), theirs.mails.count()),
            (_("Calendars of the driver alone"), theirs.feeds.count()),
        ]
        return _context(self, request, driver, form) | {
            "driver": driver,
            "kept": kept,
            "problems": problems_of_driver(theirs),
            "may_export": not driver.is_erased,
            "may_let_back": driver.is_erased and driver.ampeco_user_id > 0,
            "twin": User.objects.with_email(driver.email).first() if driver.email else None,
        }


class UserDataAdmin(UserAdmin):
    """People who log in, with a page on which those who left are erased."""

    actions_detail = ["erase"]

    def has_erase_permission(self, request: HttpRequest, _object_id: str | None = None) -> bool:
        return request.user.has_perm(ERASE)

    @action(description=gettext_lazy("Erase"), url_path="erase", permissions=["erase"])
    def erase(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what is kept, and erase it."""
        user = self.get_object(request, object_id)
        if user is None:
            raise Http404
        if not (user.is_erased or self.has_change_permission(request, user)):
            raise PermissionDenied
        form = ConfirmForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            assert isinstance(request.user, User)
            try:
                erase_user(user=user, email=form.cleaned_data["email"], by=request.user)
            except NotErased as refusal:
                form.add_error(refusal.field or None, refusal.message)
            else:
                messages.success(request, _("What was kept of this person is erased."))
                return redirect(request.path)
        kept = [
            (_("Fleets they belong to"), user.memberships.count()),
            (_("Bookings they asked for"), Booking.objects.filter(created_by=user).count()),
            (_("E-mails to them"), mails_to_user(user).count()),
        ]
        twin = (
            None
            if user.is_erased
            else Driver.objects.filter(email__in=email_spellings(user.email)).first()
        )
        context = _context(self, request, user, form) | {"kept": kept, "twin": twin}
        return TemplateResponse(request, TEMPLATE, context)


def _exported(driver: Driver) -> HttpResponse:
    note(Action.EXPORTED, of=driver)
    response = StreamingHttpResponse(export_driver(driver), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{file_name(driver)}"'
    response["Cache-Control"] = "no-store"
    return response  # type: ignore[return-value]


def _context(
    model_admin: Any, request: HttpRequest, person: Driver | User, form: ConfirmForm
) -> dict[str, Any]:
    return {
        **model_admin.admin_site.each_context(request),
        "title": _("Personal data of %(person)s") % {"person": person.display_name},
        "opts": model_admin.opts,
        "person": person,
        "form": form,
        "may_erase": request.user.has_perm(ERASE),
    }


admin.site.unregister(Driver)
admin.site.unregister(User)
admin.site.register(Driver, DriverDataAdmin)
admin.site.register(User, UserDataAdmin)
