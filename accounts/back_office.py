"""The back office's ways in: the portal's own, with its limits, its second factor and its mails."""

from typing import Any

from allauth.account.utils import get_next_redirect_url
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode


def use_the_portals_log_in(site: AdminSite) -> None:
    site.login = log_in  # type: ignore[method-assign]
    site.password_change = change_password  # type: ignore[method-assign, assignment]


def log_in(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG001
    """Lead to the portal's log-in, and staff who are in to where they wanted to go.

    Takes no password itself, whoever sends one: that would pass by the second factor.
    """
    goal = get_next_redirect_url(request) or reverse("admin:index")
    if not request.user.is_authenticated:
        return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': goal})}")
    if not (request.user.is_active and request.user.is_staff):
        raise PermissionDenied
    return HttpResponseRedirect(goal)


def change_password(
    request: HttpRequest,  # noqa: ARG001
    extra_context: dict[str, Any] | None = None,  # noqa: ARG001
) -> HttpResponse:
    return HttpResponseRedirect(reverse("account_change_password"))


def require_permission(request: HttpRequest, permission: str) -> None:
    """Raise PermissionDenied for staff who lack a permission."""
    if not request.user.has_perm(permission):
        raise PermissionDenied


def staff_page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render a page of the back office that no table stands behind."""
    return TemplateResponse(request, template, admin.site.each_context(request) | context)
