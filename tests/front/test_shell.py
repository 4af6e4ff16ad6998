"""What the base page, the form parts, the log-in and the error pages show to whom."""

import re

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory

from ampeco.connection import note_refused
from tests.factories import PASSWORD, MembershipFactory
from tests.front.urls import BookForm

pytestmark = pytest.mark.urls("tests.front.urls")


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def test_the_part_of_the_portal_one_is_in_is_marked(as_manager):
    html = as_manager.get("/drivers/").content.decode()
    marked = re.findall(r'<a class="topbar__link" href="([^"]+)"[^>]* aria-current="page">', html)
    assert marked == ["/drivers/"]


def test_a_member_of_one_fleet_sees_its_name_and_no_switch(as_manager):
    html = as_manager.get("/").content.decode()
    assert "Hudson Parcel Fleet" in html
    assert 'action="/drivers/fleet/"' not in html


def test_a_member_of_two_fleets_can_switch_without_a_script(as_manager, manager, other_fleet):
    MembershipFactory(user=manager, fleet=other_fleet)
    html = as_manager.get("/").content.decode()
    form = html[html.index('action="/drivers/fleet/"') :].split("</form>")[0]
    assert f'name="fleet" value="{other_fleet.pk}"' in form
    assert "csrfmiddlewaretoken" in form
    assert "Rhône Fret" in form


def test_a_viewer_is_told_so(as_viewer):
    assert "View only" in as_viewer.get("/").content.decode()


def test_a_manager_is_not_called_a_viewer_nor_led_to_the_back_office(as_manager):
    html = as_manager.get("/").content.decode()
    assert "View only" not in html
    assert "Back office" not in html


def test_staff_find_the_back_office_but_no_fleets_pages(client, staff):
    client.force_login(staff)
    html = client.get("/").content.decode()
    assert "Back office" in html
    assert "topbar__link" not in html


def test_signing_out_is_a_post(as_manager):
    html = as_manager.get("/").content.decode()
    assert '<form method="post" action="/account/logout/">' in html


def test_the_operators_trouble_is_said_on_every_page(as_manager):
    assert "temporarily unavailable" not in as_manager.get("/").content.decode()
    note_refused()
    assert "temporarily unavailable" in as_manager.get("/").content.decode()
    as_manager.logout()
    assert "temporarily unavailable" in as_manager.get("/account/login/").content.decode()


def test_a_message_shows_once_and_escaped(as_manager):
    html = as_manager.get("/", {"message": "<b>Driver added.</b>"}).content.decode()
    assert "&lt;b&gt;Driver added.&lt;/b&gt;" in html
    assert "Driver added" not in as_manager.get("/").content.decode()


# Forms


def drawn(name: str, form: BookForm) -> str:
    return render_to_string("includes/_field.html", {"field": form[name]})


def test_a_field_names_its_help_and_its_errors():
    html = drawn("reference", BookForm({"reference": "too long"}))
    control = re.search(r"<input[^>]*>", html)
    assert control is not None
    assert 'aria-describedby="id_reference_helptext id_reference_error"' in control[0]
    assert 'aria-invalid="true"' in control[0]
    assert 'value="too long"' in control[0]
    assert 'class="form-control is-invalid"' in control[0]
    assert 'id="id_reference_helptext"' in html
    assert 'id="id_reference_error"' in html
    assert "at most 5 characters" in html


def test_a_field_without_errors_claims_none():
    html = drawn("note", BookForm())
    assert "aria-invalid" not in html
    assert "_error" not in html
    assert "(optional)" in html
    assert '<label class="form-label" for="id_note">' in html


def test_a_choice_is_a_select_that_the_style_sheet_knows():
    assert 'class="form-select"' in drawn("site", BookForm())


def test_radios_are_grouped_under_their_label():
    html = drawn("kind", BookForm({}))
    assert "<fieldset" in html
    assert 'aria-describedby="id_kind_error"' in html
    assert re.findall(r'for="(id_kind_\d)"', html) == ["id_kind_0", "id_kind_1"]
    assert html.count('type="radio"') == 2
    assert 'id="id_kind"' in html


def test_one_box_has_its_label_behind_it():
    html = drawn("told", BookForm())
    assert html.index('type="checkbox"') < html.index("The driver knows")


def test_the_summary_leads_to_each_field_and_lists_hidden_ones():
    html = render_to_string("includes/_form_errors.html", {"form": BookForm({"reference": "ok"})})
    assert re.findall(r'href="#(\w+)"', html) == ["id_site", "id_kind", "id_told"]
    assert html.count("This field is required.") == 4
    assert "autofocus" in html
    assert render_to_string("includes/_form_errors.html", {"form": BookForm()}).strip() == ""


# Log-in


def test_log_in_by_email_and_password(client, manager):
    page = client.get("/account/login/").content.decode()
    assert "Sign in" in page
    assert "/account/password/reset/" in page
    assert "sign up" not in page.lower()
    answer = client.post(
        "/account/login/", {"login": "Manager@hudson.example", "password": PASSWORD}
    )
    assert answer.status_code == 302


def test_a_wrong_password_is_said_at_the_form(client, manager):
    answer = client.post("/account/login/", {"login": manager.email, "password": "wrong"})
    assert answer.status_code == 200
    html = answer.content.decode()
    assert "form-errors" in html
    assert manager.email in html
    assert "wrong" not in re.findall(r'value="([^"]*)"', html)


def test_a_forgotten_password_can_be_set_anew(client, manager, mailoutbox):
    assert client.get("/account/password/reset/").status_code == 200
    client.post("/account/password/reset/", {"email": manager.email})
    link = re.search(r"https?://[^/\s]+(/account/password/reset/key/\S+)", mailoutbox[0].body)
    assert link is not None
    form = client.get(link[1], follow=True)
    assert "New password" in form.content.decode()
    words = {"password1": "a new long passphrase", "password2": "a new long passphrase"}
    done = client.post(form.request["PATH_INFO"], words, follow=True)
    assert "Your new password has been set" in done.content.decode()
    manager.refresh_from_db()
    assert manager.check_password("a new long passphrase")


def test_a_reset_link_that_is_none_is_explained(client, db):
    html = client.get("/account/password/reset/key/1-abc-def/").content.decode()
    assert "This link is no longer valid" in html


def test_the_same_answer_for_an_address_without_account(client, db):
    answer = client.post("/account/password/reset/", {"email": "nobody@x.example"}, follow=True)
    assert "If there is an account for this address" in text_of(answer.content.decode())


@pytest.mark.parametrize("path", ["password/change/", "email/", "logout/", "inactive/"])
def test_the_other_account_pages_are_dressed(as_manager, path):
    html = as_manager.get(f"/account/{path}").content.decode()
    assert "css/base.css" in html
    assert "Chargebook" in html


def test_sign_up_is_closed(client, db):
    assert "Sign-up is closed" in client.get("/account/signup/").content.decode()


# Errors


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "409", "500", "503"])
def test_an_error_page_needs_nothing(name):
    html = render_to_string(f"{name}.html")
    assert f"Error {name[:3]}" in html
    assert "Chargebook" in html
    assert 'href="/"' in html


def test_an_error_page_bears_the_operators_name(settings):
    settings.PORTAL_NAME = "Voltcity Fleet"
    html = render_to_string("404.html", request=RequestFactory().get("/nowhere/"))
    assert "Voltcity Fleet" in html
