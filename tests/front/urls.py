"""A small site on the shell: every address that base.html names, and pages to try it with."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template import Context, RequestContext, Template
from django.urls import include, path

FRAGMENT = """<div id="decision"
  data-announce="{{ text }}"><a id="{{ link }}" href="#main">{{ text }}</a></div>"""

PAGE = (
    """{% extends "base.html" %}{% load portal %}
{% block title %}Test page{% endblock %}
{% block header_title %}Test page{% endblock %}
{% block content %}
<p>{{ answer }}</p>
<form id="book" method="post" action="/slow/">{% csrf_token %}
  {% include "includes/_form_errors.html" %}
  {% for field in form %}{% include "includes/_field.html" %}{% endfor %}
  <button class="btn" id="send" name="send" value="now">Send</button></form>
<form id="filter" method="get" action="/sites/" data-autosubmit>
  <select name="kind" id="kind" aria-label="Kind">
  <option value="">All</option><option value="dc">DC</option></select>
  <input name="q" id="q" aria-label="Name"><button>Apply</button></form>
"""
    + FRAGMENT.replace("{{ text }}", "Requested").replace("{{ link }}", "same")
    + """
<button id="broken" hx-get="/broken/">Refresh</button>
<button id="gone" hx-get="/fragment/login/" hx-target="#decision">Refresh</button>
{% endblock %}"""
)


SEARCH = """<div id="decision"><input type="search" id="typed" aria-label="Find"
  hx-get="/fragment/found/" hx-trigger="input changed" hx-swap="none"></div>"""


class BookForm(forms.Form):
    """A field of each kind."""

    reference = forms.CharField(max_length=5, help_text="Cost centre or job number")
    note = forms.CharField(widget=forms.Textarea, required=False)
    site = forms.ChoiceField(choices=[("", "Choose"), ("a", "Pier 40")])
    kind = forms.ChoiceField(choices=[("ac", "AC"), ("dc", "DC")], widget=forms.RadioSelect)
    told = forms.BooleanField(label="The driver knows")
    key = forms.CharField(widget=forms.HiddenInput)


def page(request: HttpRequest) -> HttpResponse:
    """Show the test page; `?message=` leaves one, `?check=` binds the form."""
    if text := request.GET.get("message"):
        messages.success(request, text)
    form = BookForm({"reference": "too long"}) if "check" in request.GET else BookForm()
    context = {"form": form, "answer": request.GET.get("kind", "none")}
    return HttpResponse(Template(PAGE).render(RequestContext(request, context)))


def slow(request: HttpRequest) -> HttpResponse:
    """Never leave the page: the button of the form stays pressed."""
    return HttpResponse(status=204)


def fragment(request: HttpRequest, kind: str) -> HttpResponse:
    """Answer the fragment, its text or its link another one; or lead to a page, as to a log-in.

    Or answer a part that has a search within.
    """
    if kind == "login":
        return HttpResponse(status=302, headers={"Location": "/"})
    if kind == "search":
        return HttpResponse(SEARCH)
    context = {
        "text": "Rejected" if kind == "rejected" else "Approved",
        "link": "other" if kind == "renamed" else "same",
    }
    return HttpResponse(Template(FRAGMENT).render(Context(context)))


def broken(request: HttpRequest) -> HttpResponse:
    """Fail, as a server in trouble does."""
    return HttpResponse(status=502)


lists = [path("", page, name="list")]

mail_pages = [path("notices/", page, name="settings")]

driver_pages = [*lists, path("fleet/", page, name="switch_fleet")]


urlpatterns = [
    path("", page, name="home"),
    path("search/", page, name="search"),
    path("sites/", include((lists, "sites"))),
    path("bookings/", include((lists, "bookings"))),
    path("bookings/", include((mail_pages, "notifications"))),
    path("charging/", include((lists, "charging"))),
    path("reports/", include(([path("", page, name="overview")], "reports"))),
    path("drivers/", include((driver_pages, "drivers"))),
    path("vehicles/", include((lists, "vehicles"))),
    path("team/", include((lists, "team"))),
    path("rules/", include(([path("", page, name="rules")], "limits"))),
    path("back-office/", include(([path("", page, name="index")], "admin"))),
    path("account/", include("allauth.account.urls")),
    path("account/", include("accounts.urls")),
    path("slow/", slow),
    path("fragment/<str:kind>/", fragment),
    path("broken/", broken),
]
