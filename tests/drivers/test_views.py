"""The pages about drivers: who may open them, and what they say."""

import re

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from drivers.models import Driver, FleetDriver
from sandbox.world.cast import ANA, BEN, DISABLED, JULES, NOBODYS, PENDING
from tests.factories import DriverFactory, FleetFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

LIST, ADD, OPTIONS = (reverse(f"drivers:{name}") for name in ("list", "add", "options"))
SWITCH = reverse("drivers:switch_fleet")
HTMX = {"HTTP_HX_REQUEST": "true"}


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def ana(fleet):
    return DriverFactory(
        fleet=fleet,
        first_name="Ana",
        last_name="Alvarez",
        email="ana.alvarez@hudson.example",
        search_text="ana alvarez ana.alvarez@hudson.example",
    )


# Who may open what


@pytest.mark.parametrize(
    ("method", "url"), [("get", LIST), ("post", ADD), ("get", OPTIONS), ("post", SWITCH)]
)
def test_a_stranger_has_to_log_in(client, db, method, url):
    response = getattr(client, method)(url)
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("url", [LIST, ADD, OPTIONS])
def test_somebody_without_a_fleet_reads_what_to_do(client, db, url):
    client.force_login(UserFactory())
    response = client.get(url)
    assert response.status_code == 403
    assert "You do not belong to a fleet" in text_of(response)
    assert "Ask the operator to add you to your company's fleet." in text_of(response)


def test_staff_without_a_fleet_go_to_the_back_office(client, staff):
    client.force_login(staff)
    assert client.get(LIST)["Location"] == reverse("admin:index")


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_viewer_may_look_but_not_add(as_viewer, ana, operator, method):
    page = text_of(as_viewer.get(LIST))
    assert "Ana Alvarez" in page
    assert ADD not in page
    assert getattr(as_viewer, method)(ADD, {"email": BEN.email}).status_code == 403
    assert not Driver.objects.filter(ampeco_user_id=BEN.id).exists()


@pytest.mark.parametrize("url", [LIST, OPTIONS])
def test_another_fleets_manager_sees_none_of_our_drivers(as_other_manager, ana, url):
    page = text_of(as_other_manager.get(url, {"q": "ana", "driver": ana.pk}))
    assert "Alvarez" not in page


@pytest.mark.parametrize("url", [LIST, OPTIONS])
def test_nothing_is_posted_to_what_only_shows(as_manager, url):
    assert as_manager.post(url).status_code == 405


# The list


def test_the_list_shows_name_email_and_state(as_manager, fleet, ana):
    DriverFactory(fleet=fleet, last_name="Petrov", status=Driver.Status.DISABLED)
    DriverFactory(fleet=fleet, last_name="Quist", status=Driver.Status.UNKNOWN)
    page = text_of(as_manager.get(LIST))
    for words in (
        "Ana Alvarez",
        "ana.alvarez@hudson.example",
        "Enabled",
        "Disabled by the operator",
        "Not confirmed as enabled",
        "3 drivers",
    ):
        assert words in page


def test_those_who_left_are_not_listed(as_manager, ana):
    FleetDriver.objects.update(left_at=ana.synced_at)
    page = text_of(as_manager.get(LIST))
    assert "Alvarez" not in page
    assert "No drivers yet" in page


def test_htmx_gets_the_results_alone_and_the_address_follows(as_manager, ana):
    response = as_manager.get(LIST, {"q": "alv", "page": ""}, **HTMX)
    page = text_of(response)
    assert page.startswith('<div id="driver-results">')
    assert "Ana Alvarez" in page
    assert response["HX-Replace-Url"] == f"{LIST}?q=alv"
    assert "HX-Request" in response["Vary"]
    assert as_manager.get(LIST, {"q": ""}, **HTMX)["HX-Replace-Url"] == LIST


def test_a_search_without_a_match(as_manager, ana):
    page = text_of(as_manager.get(LIST, {"q": "nobody"}))
    assert "No driver matches" in page
    assert 'value="nobody"' in page


def test_a_search_that_is_too_long_is_said_and_left_out(as_manager, ana):
    page = text_of(as_manager.get(LIST, {"q": "x" * 101}))
    assert "Please search for at most 100 characters." in page
    assert "Ana Alvarez" in page


def test_fifty_drivers_a_page_in_few_queries(as_manager, fleet, django_assert_max_num_queries):
    for number in range(51):
        DriverFactory(fleet=fleet, last_name=f"Nr {number:02}", search_text=f"dana nr {number:02}")
    with django_assert_max_num_queries(8):
        first = text_of(as_manager.get(LIST, {"q": "dana"}))
    assert "Nr 49" in first
    assert "Nr 50" not in first
    assert "?q=dana&amp;page=2" in first
    assert "Nr 50" in text_of(as_manager.get(LIST, {"q": "dana", "page": 2}))
    assert as_manager.get(LIST, {"page": "x"}).status_code == 200


# Adding


def test_a_driver_is_added_and_named(as_manager, operator):
    response = as_manager.post(ADD, {"email": ANA.email.upper()}, follow=True)
    assert response.redirect_chain == [(LIST, 302)]
    page = text_of(response)
    assert (
        "Ana Alvarez (ana.alvarez@hudson.example) is in your fleet. You can book for them now."
        in page
    )
    assert ">Ana Alvarez</a></th>" in page


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("nobody@nowhere.example", "No driver of your fleet has this e-mail address."),
        (JULES.email, "No driver of your fleet has this e-mail address."),
        (DISABLED.email, "Dmitri Petrov is disabled by the operator."),
        (PENDING.email, "This driver has not accepted the invitation yet."),
        ("not an e-mail", "This is not an e-mail address. It looks like name@company.com."),
        ("", "Please enter the driver&#x27;s e-mail address."),
        ("a" * 250 + "@x.example", "This is too long for an e-mail address."),
    ],
    ids=["unknown", "other fleet", "disabled", "pending", "no e-mail", "empty", "too long"],
)
def test_why_nobody_was_added_stands_beside_the_field(as_manager, operator, typed, words):
    response = as_manager.post(ADD, {"email": typed})
    page = text_of(response)
    assert response.status_code == 200
    error = page.partition('id="id_email_error"')[2].partition("</form>")[0]
    assert words in error
    if typed:
        assert f'value="{typed}"' in page
    assert 'aria-invalid="true"' in page
    assert not Driver.objects.exists()
    for secret in ("Jules", "Moreau", "Rhône", "Farid"):
        assert secret not in page


def test_the_page_does_not_tell_whether_somebody_has_an_account(as_manager, operator, settings):
    link = '<a href="https://app.operator.example/join" rel="noopener">'
    forms = {
        text_of(as_manager.post(ADD, {"email": email}))
        .partition('id="add-driver"')[2]
        .partition("</form>")[0]
        .replace(email, "")
        for email in ("nobody@nowhere.example", JULES.email, NOBODYS.email)
    }
    tokens = {re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)[1] for form in forms}
    for token in tokens:
        forms = {form.replace(token, "") for form in forms}
    (form,) = forms
    assert link in form

    settings.DRIVER_APP_URL = ""
    assert link not in text_of(as_manager.post(ADD, {"email": JULES.email}))


def test_somebody_who_is_there_already(as_manager, ana, operator):
    page = text_of(as_manager.post(ADD, {"email": "ANA.Alvarez@hudson.example"}))
    assert "Ana Alvarez is already in your fleet." in page


@pytest.mark.usefixtures("still")
def test_too_many_look_ups(as_manager, operator, settings):
    settings.DRIVER_LOOKUPS_PER_HOUR = 1
    as_manager.post(ADD, {"email": "nobody@nowhere.example"})
    page = text_of(as_manager.post(ADD, {"email": BEN.email}))
    assert "Too many drivers were looked up in the past hour. Please try again in " in page


def test_an_operator_out_of_reach(as_manager, ana, operator):
    operator.faults.add("server-error")
    page = text_of(as_manager.post(ADD, {"email": BEN.email}))
    assert "The operator&#x27;s system cannot be reached just now. Nothing was changed." in page
    assert "Ana Alvarez" in page


def test_typing_the_address_of_the_form_leads_to_the_list(as_manager):
    response = as_manager.get(ADD, {"page": 2})
    assert response["Location"] == f"{LIST}?page=2"


# Picking one for a booking


def test_options_are_radios_with_the_chosen_one_kept(as_manager, fleet, ana):
    off = DriverFactory(fleet=fleet, last_name="Petrov", status=Driver.Status.DISABLED)
    page = text_of(as_manager.get(OPTIONS, {"driver": ana.pk}))
    assert page.startswith('<div id="driver-options">')
    assert f'name="driver" id="driver-option-{ana.pk}" value="{ana.pk}" checked>' in page
    assert f'value="{off.pk}" disabled>' in page
    assert "Disabled by the operator" in page
    assert "2 drivers" in page


@pytest.mark.parametrize("parameter", ["q", "driver_query"])
def test_options_are_searched(as_manager, fleet, ana, parameter):
    DriverFactory(fleet=fleet, last_name="Petrov")
    page = text_of(as_manager.get(OPTIONS, {parameter: "ÁLV"}))
    assert "Ana Alvarez" in page
    assert "Petrov" not in page


def test_a_disabled_driver_cannot_be_the_chosen_one(as_manager, fleet):
    off = DriverFactory(fleet=fleet, status=Driver.Status.DISABLED)
    assert "checked" not in text_of(as_manager.get(OPTIONS, {"driver": off.pk}))


def test_options_say_how_many_more_there_are(as_manager, fleet, django_assert_max_num_queries):
    for _ in range(20):
        DriverFactory(fleet=fleet)
    with django_assert_max_num_queries(6):
        page = text_of(as_manager.get(OPTIONS, {"q": "dana"}))
    assert page.count('type="radio"') == 8
    assert "12 more: type more of the name" in page


def test_no_option_leads_to_adding_a_driver(as_manager):
    link = f'<a href="{LIST}#add-driver">'
    page = text_of(as_manager.get(OPTIONS, {"q": "x"}))
    assert "No driver in your fleet matches." in page
    assert link in page
    page = text_of(as_manager.get(OPTIONS))
    assert "Your fleet has no drivers yet." in page
    assert link in page


# Speaking for another fleet


def test_a_member_of_two_fleets_switches(client, manager, fleet, other_fleet, ana):
    DriverFactory(fleet=other_fleet, last_name="Moreau")
    MembershipFactory(fleet=other_fleet, user=manager, viewer=True)
    client.force_login(manager)

    response = client.post(SWITCH, {"fleet": other_fleet.pk})
    assert (response.status_code, response["Location"]) == (302, reverse("home"))
    page = text_of(client.get(LIST))
    assert "Moreau" in page
    assert "Alvarez" not in page
    sent = {"email": "x@y.example", "fleet": other_fleet.pk}
    assert client.post(ADD, sent).status_code == 403

    client.post(SWITCH, {"fleet": fleet.pk})
    assert "Alvarez" in text_of(client.get(LIST))


@pytest.mark.parametrize("wanted", ["other", "resting", "", "x", "²"])
def test_any_other_fleet_is_not_to_be_found(client, manager, other_fleet, wanted):
    resting = FleetFactory(is_active=False)
    MembershipFactory(fleet=resting, user=manager)
    client.force_login(manager)
    value = {"other": other_fleet.pk, "resting": resting.pk}.get(wanted, wanted)
    assert client.post(SWITCH, {"fleet": value}).status_code == 404
    assert "fleet_id" not in client.session


def test_switching_takes_a_post(as_manager, fleet):
    assert as_manager.get(SWITCH).status_code == 405


def test_a_message_is_left_only_when_somebody_was_added(as_manager, operator):
    response = as_manager.post(ADD, {"email": JULES.email})
    assert not list(get_messages(response.wsgi_request))


@pytest.mark.parametrize("name", ["q", "driver_query", "driver"])
def test_nothing_in_the_query_string_breaks_the_options(as_manager, fleet, name):
    DriverFactory(fleet=fleet)
    for value in ("\x00", "a\x00b", "9" * 5000, "-1", "x" * 20_000):
        assert as_manager.get("/drivers/options/", {name: value}).status_code == 200
