"""What is sent acts on the fleet that its page was for, and nothing that was typed gets lost.

Every address that takes something is walked: one that forgets its fleet fails here.
"""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver, reverse

from bookings.models import Booking, BookingRequest
from drivers.models import FleetMembership
from team.models import Invitation
from tests.access import ENTRIES, Entry, addresses, go_through
from tests.accounts.steps import log_in
from tests.factories import PASSWORD, FleetFactory, MembershipFactory

pytest_plugins = ["tests.access_people"]
pytestmark = pytest.mark.django_db

# One's own log-in, secret links, what programs read, and the way from fleet to fleet.
ABOUT_NO_FLEET = re.compile(
    r"(account|mfa|health|usersessions)[_-]|driver-page:|team-invitation|calendar-feed|report-mail-stop"
    r"|metrics|theme|drivers:switch_fleet|email/|hooks:"
)
FORM = re.compile(r"<form\b[^>]*\bmethod=\"post\".*?</form>", re.DOTALL)
FORMS_ABOUT_NO_FLEET = re.compile(
    r"(account|mfa|privacy|bookings/driver_page)/|team/(join|admin_remove)\.html|remote/driver_"
    r"|reports/stop\.html|includes/_account_menu|drivers/other_fleet|energy/_?admin_|maintenance/admin_"
)
INVITE = {"email": "somebody@fleet.example", "name": "Some Body", "role": "viewer"}
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@pytest.fixture
def zeta(fleet_admin):
    """A second fleet of the same admin's; the first one by name is the current one."""
    return MembershipFactory(user=fleet_admin, fleet=FleetFactory(name="Zeta"), admin=True).fleet


@pytest.fixture
def as_admin(client, fleet_admin):
    client.force_login(fleet_admin)
    return client


def filled_in(entry: Entry, **data: str) -> Entry:
    return entry._replace(method="post", data=entry.data | data)


def of_fleets() -> dict[str, Entry]:
    """Return what is sent to each address about a fleet, if it takes anything."""
    return {
        name: next((each for each in entries if each.method == "post"), entries[0])
        for name, entries in ENTRIES.items()
        if not ABOUT_NO_FLEET.match(name)
    }


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


# The fleet that is meant


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
@pytest.mark.parametrize("names_one", [True, False])
def test_nothing_is_taken_for_another_fleet(names_one, headers, as_admin, zeta, things):
    unknown = set(addresses(get_resolver())) - set(ENTRIES) - {"email/"}
    assert unknown == set()
    fleet = {"fleet": str(zeta.pk)} if names_one else {}
    sent = [filled_in(entry, **fleet) for entry in of_fleets().values()]
    for entry, answer in go_through(as_admin, sent, things, **headers):
        if headers:
            assert "?kept=" in answer["HX-Redirect"], entry.path
        else:
            assert answer.status_code == 409, entry.path


def test_every_form_of_a_fleet_carries_its_fleet():
    folder = Path(settings.BASE_DIR) / "templates"
    forgotten = [
        (path.name, form[:90])
        for path in folder.rglob("*.html")
        if not FORMS_ABOUT_NO_FLEET.match(path.relative_to(folder).as_posix())
        for form in FORM.findall(path.read_text())
        if "{% csrf_token %}{% fleet_token %}" not in form
    ]
    assert forgotten == []


def test_the_form_of_an_old_tab_leads_back_to_its_fleet(as_admin, fleet, zeta, mailoutbox):
    as_admin.post(reverse("drivers:switch_fleet"), {"fleet": zeta.pk})
    refused = as_admin.post(reverse("team:invite"), INVITE | {"fleet": fleet.pk, "language": "de"})
    assert refused.status_code == 409
    assert "opened for <strong>Hudson Parcel Fleet</strong>" in text_of(refused)
    assert "switched to <strong>Zeta</strong>" in text_of(refused)
    assert not Invitation.objects.exists()
    assert mailoutbox == []
    back = refused.context["back"]
    # Looked at before the fleet is switched back, it is refused as before.
    assert as_admin.get(back).status_code == 409
    page = as_admin.post(
        reverse("drivers:switch_fleet"), {"fleet": fleet.pk, "next": back}, follow=True
    )
    assert page.context["request"].fleet == fleet
    assert "Nothing has been sent yet" in text_of(page)
    form = page.context["form"]
    assert {name: form[name].value() for name in INVITE} == INVITE
    assert form["language"].value() == "de"
    assert not Invitation.objects.exists()


def test_htmx_is_led_to_the_page_that_says_it(as_admin, zeta, things):
    address = f"/sites/{things['site']}/favourite/"
    answer = as_admin.post(
        address, {"favourite": "1", "fleet": zeta.pk}, headers={"HX-Request": "true"}
    )
    page = as_admin.get(answer["HX-Redirect"])
    assert page.status_code == 409
    assert "opened for <strong>Zeta</strong>" in text_of(page)


def test_a_press_that_has_no_page_of_its_own_leads_back_to_where_it_was(as_admin, zeta, things):
    refused = as_admin.post(
        f"/bookings/{things['booking']}/dismiss/",
        {"fleet": zeta.pk},
        headers={"Referer": "http://testserver/bookings/?view=attention"},
    )
    page = as_admin.post(
        reverse("drivers:switch_fleet"),
        {"fleet": zeta.pk, "next": refused.context["back"]},
        follow=True,
    )
    assert page.redirect_chain[-1][0] == "/bookings/?view=attention"
    assert "Nothing has been done yet. Please try again." in text_of(page)


def test_who_has_left_the_fleet_of_a_page_is_told(as_admin, fleet_admin, fleet, zeta):
    FleetMembership.objects.filter(user=fleet_admin, fleet=fleet).delete()
    refused = as_admin.post(reverse("team:invite"), INVITE | {"fleet": fleet.pk})
    assert refused.status_code == 409
    assert "a fleet that you do not belong to any more" in text_of(refused)
    assert "Hudson" not in text_of(refused)


# A session that has ended


class Controls(HTMLParser):
    """Reads what the controls of a page would send: names with their values."""

    def __init__(self, page) -> None:
        super().__init__()
        self.values: set[tuple[str, str]] = set()
        self.select = ""
        self.feed(page.content.decode())

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "select":
            self.select = given.get("name", "")
        elif tag == "option" and "selected" in given:
            self.values.add((self.select, given.get("value", "")))
        elif tag == "input" and (
            given.get("type") not in {"radio", "checkbox"} or "checked" in given
        ):
            self.values.add((given.get("name", ""), given.get("value") or ""))


# Where it is shown again, and what else is typed there. All others lead back to their page.
FILLED_IN = {
    "bookings:new": ("/bookings/new/", {"reference": "Tour 4711", "driver_query": "own"}),
    "bookings:change": ("/bookings/{booking}/change/", {}),
    "bookings:cancel": ("/bookings/{booking}/cancel/", {}),
    "bookings:cancel_many": ("/bookings/cancel/", {}),
    "calendars:feeds": ("/bookings/feeds/", {"scope": "site", "site": "Somewhere"}),
    "notifications:settings": ("/bookings/notices/", {"reminder_minutes": "15"}),
    "drivers:add": ("/drivers/add/", {"email": "ana@fleet.example"}),
    "vehicles:add": ("/vehicles/add/", {"plate": "HPF 99"}),
    "vehicles:change": ("/vehicles/{vehicle}/change/", {"plate": "HPF 98"}),
    "charging:assign": ("/charging/assign/", {"reference": "Tour 4711"}),
    "charging:add_cost_centre": ("/charging/cost-centres/", {"name": "Depot"}),
    "charging:change_cost_centre": ("/charging/cost-centres/{cost_centre}/", {"name": "Depot"}),
    "charging:add_budget": ("/charging/budgets/", {}),
    "charging:change_budget": ("/charging/budgets/{budget}/", {}),
    "departures:many": ("/vehicles/departures/", {"vehicle": "{vehicle}"}),
    "departures:add": ("/vehicles/{vehicle}/departures/add/", {}),
    "departures:week": ("/vehicles/{vehicle}/departures/week/", {}),
    "departures:change": ("/vehicles/{vehicle}/departures/{departure}/", {}),
    "departures:state_of_charge": ("/vehicles/{vehicle}/state-of-charge/", {}),
    "series:new": ("/series/new/", {"reference": "Tour 4711"}),
    "series:change": ("/series/{series}/change/", {"reference": "Tour 4711"}),
    "series:cancel": ("/series/{series}/cancel/", {}),
    "waiting:new": ("/waiting/new/", {"reference": "Tour 4711"}),
    "waiting:change": ("/waiting/{wish}/change/", {"reference": "Tour 4711"}),
    "limits:add": ("/rules/", {}),
    "limits:drivers": ("/rules/drivers/", {}),
    "reports:mail": ("/reports/mail/", {"email": "books@fleet.example"}),
    "team:invite": ("/team/invite/", INVITE),
    "team:remove": ("/team/members/{member}/remove/", {}),
    "team:leave": ("/team/leave/", {}),
}
# What has nothing to fill in by then: an offer that is over, a booking that does not run, a table
# that is read at once.
SAID = {
    "imports:bookings": ("/imports/bookings/", 200),
    "imports:vehicles": ("/imports/vehicles/", 200),
    "waiting:offer": ("/waiting/offers/{offer}/", 200),
    "bookings:end": ("/bookings/{booking}/end/", 409),
    **{
        f"remote:{kind}": (f"/remote/{{booking}}/{kind}/", 409)
        for kind in ("start", "stop", "unlock")
    },
}


@pytest.mark.usefixtures("_operator_away")
@pytest.mark.parametrize(
    "name", [name for name, entry in of_fleets().items() if entry.method == "post"]
)
def test_what_is_sent_after_the_session_ended_is_filled_in_again(
    name, client, fleet_admin, fleet, things
):
    # The fleet that was chosen is no longer known, and this one comes first.
    MembershipFactory(user=fleet_admin, fleet=FleetFactory(name="Alpha"), admin=True)
    MembershipFactory(fleet=fleet, admin=True)
    address, typed = FILLED_IN.get(name, ("/bookings/", {}))
    address, status = SAID.get(name, (address, 200))
    entry = filled_in(of_fleets()[name], **typed, fleet=things["fleet"])
    data = {field: value.format(**things) for field, value in entry.data.items()}
    answer = client.post(
        entry.path.format(**things),
        data | {"password": "my secret"},
        headers={"Referer": "http://testserver/bookings/"},
    )
    assert answer.url.startswith("/account/login/?next=")
    assert "my secret" not in str(dict(client.session))
    goal = parse_qs(urlsplit(answer.url).query)["next"][0]
    page = client.post(
        "/account/login/",
        {"login": fleet_admin.email, "password": PASSWORD, "next": goal},
        follow=True,
    )
    assert page.status_code == status
    assert page.redirect_chain[-1][0].startswith(address.format(**things))
    assert page.context["request"].fleet == fleet
    if status == 200:
        assert "You were signed out, so nothing was" in text_of(page)
    if name in FILLED_IN:
        gone = set(data.items()) - Controls(page).values - {("time", "12:00")}
        assert gone == set()
        assert 'id="kept-form"' in page.content.decode()


def test_nothing_was_done_meanwhile(client, fleet_admin, fleet, things):
    """What is filled in again waits for whoever signed in to send it."""
    versions = list(Booking.objects.values_list("pk", "version", "open_change"))
    requests = BookingRequest.objects.count()
    for entry in of_fleets().values():
        if entry.method == "post":
            data = {field: value.format(**things) for field, value in entry.data.items()}
            answer = client.post(entry.path.format(**things), data | {"fleet": fleet.pk})
            client.force_login(fleet_admin)
            client.get(parse_qs(urlsplit(answer.url).query)["next"][0], follow=True)
            client.logout()
    assert list(Booking.objects.values_list("pk", "version", "open_change")) == versions
    assert BookingRequest.objects.count() == requests
    assert not Invitation.objects.filter(email="new@hudson.example").exists()


def test_an_htmx_form_goes_to_the_log_in_with_what_was_typed(client, fleet_admin, things):
    data = {"day": things["day"], "time": "13:15", "minutes": "45", "show": "1"}
    answer = client.post(
        f"/bookings/{things['booking']}/change/", data, headers={"HX-Request": "true"}
    )
    client.force_login(fleet_admin)
    page = client.get(parse_qs(urlsplit(answer["HX-Redirect"]).query)["next"][0])
    assert {("day", things["day"]), ("time", "13:15"), ("minutes", "45")} <= Controls(page).values


def test_what_was_kept_is_for_members_of_its_fleet(client, other_manager, things):
    answer = client.post("/drivers/add/", {"email": "ana@fleet.example", "fleet": things["fleet"]})
    client.force_login(other_manager)
    page = client.get(parse_qs(urlsplit(answer.url).query)["next"][0])
    assert page.status_code == 409
    assert "ana@fleet.example" not in text_of(page)


def test_a_session_that_only_keeps_a_form_ends_soon(client, fleet_admin, fleet):
    client.post("/drivers/add/", {"email": "ana@fleet.example", "fleet": fleet.pk})
    assert client.session.get_expiry_age() == 3600
    log_in(client, fleet_admin.email)
    assert client.session.get_expire_at_browser_close()


def test_what_is_too_long_is_not_kept(client, fleet_admin, fleet):
    answer = client.post("/drivers/add/", {"email": "a" * 20_000, "fleet": fleet.pk})
    assert "aaaa" not in str(dict(client.session))
    client.force_login(fleet_admin)
    page = client.get(parse_qs(urlsplit(answer.url).query)["next"][0], follow=True)
    assert "You were signed out" in text_of(page)


def test_a_file_is_not_kept_and_that_is_said(client, fleet_admin, fleet):
    file = SimpleUploadedFile("rows.csv", b"Vehicle;Start")
    answer = client.post("/imports/vehicles/", {"file": file, "text": "", "fleet": fleet.pk})
    client.force_login(fleet_admin)
    page = client.get(parse_qs(urlsplit(answer.url).query)["next"][0], follow=True)
    assert "You were signed out, so nothing was sent." in text_of(page)
    assert "The file has to be picked again." in text_of(page)


# The back office


def test_a_form_of_the_back_office_is_filled_in_again(client, staff, manager):
    staff.is_superuser = True
    staff.save()
    address = reverse("admin:accounts_user_change", args=[manager.pk])
    answer = client.post(address, {"name": "Maya Other", "email": manager.email}, follow=True)
    client.force_login(staff)
    page = client.get(parse_qs(urlsplit(answer.redirect_chain[-1][0]).query)["next"][0])
    assert ("name", "Maya Other") in Controls(page).values
    assert "You were signed out, so nothing was sent." in text_of(page)
    manager.refresh_from_db()
    assert manager.name != "Maya Other"


# A page that was opened before somebody signed in again


@pytest.fixture
def browser_of(fleet_admin):
    """A browser that proves its forms, as the portal asks of it, and two tabs with a log-in."""
    client = Client(enforce_csrf_checks=True)
    token = TOKEN.search(client.get("/account/login/").content.decode())[1]
    signed_in = client.post(
        "/account/login/",
        {"login": fleet_admin.email, "password": PASSWORD, "csrfmiddlewaretoken": token},
    )
    assert signed_in.status_code == 302
    return client, {"csrfmiddlewaretoken": token}


OURS = {"Origin": "http://testserver"}


def test_a_second_log_in_tab_leads_on(browser_of, fleet_admin):
    client, old = browser_of
    sent = old | {"login": fleet_admin.email, "password": PASSWORD, "next": "/team/"}
    page = client.post("/account/login/", sent, headers=OURS, follow=True)
    assert page.redirect_chain[-1][0] == "/team/"
    assert f"You are already signed in, as {fleet_admin.email}." in text_of(page)


def test_a_log_in_tab_from_before_signing_out_asks_once_more(browser_of, fleet_admin):
    client, old = browser_of
    client.logout()
    client.get("/account/login/")
    sent = old | {"login": fleet_admin.email, "password": PASSWORD, "next": "/team/"}
    page = client.post("/account/login/", sent, headers=OURS, follow=True)
    assert page.redirect_chain[-1][0] == "/account/login/?next=%2Fteam%2F"
    assert "Please sign in once more." in text_of(page)


def test_a_form_from_before_is_filled_in_again(browser_of, fleet):
    client, old = browser_of
    page = client.post(
        "/team/invite/", old | INVITE | {"fleet": fleet.pk}, headers=OURS, follow=True
    )
    assert page.status_code == 200
    assert "You have signed in again since that page was opened" in text_of(page)
    assert set(INVITE.items()) <= Controls(page).values
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "https://elsewhere.example"}, {"Origin": "null"}]
)
def test_what_another_site_sends_is_refused(browser_of, headers, fleet):
    client, old = browser_of
    answer = client.post("/team/invite/", old | INVITE | {"fleet": fleet.pk}, headers=headers)
    assert answer.status_code == 403
    assert "Nothing was changed" in text_of(answer)
    assert "kept_forms" not in client.session


def test_a_browser_without_cookies_reads_why(db):
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/account/login/", {"login": "x"}, headers=OURS)
    assert answer.status_code == 403
    assert "Cookies must be allowed." in text_of(answer)
