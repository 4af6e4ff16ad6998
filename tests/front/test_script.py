"""The script and the style sheet in a real browser, on the small site of tests/front/urls.py."""

import re

import pytest

from tests.looks import check

playwright = pytest.importorskip(
    "playwright.sync_api", reason="needs the e2e dependency group (playwright)"
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.urls("tests.front.urls"),
]


@pytest.fixture
def open_page(chromium, live_server, client, manager):
    """Open the site as the manager, by context options; fails on errors in the console."""
    client.force_login(manager)
    session = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    troubles: list[str] = []
    contexts = []

    def opened(path="/", **options):
        context = chromium.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        context.add_cookies([{**session, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []


def test_the_viewers_zone_travels_in_a_cookie(open_page):
    page = open_page(timezone_id="Asia/Kolkata")
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    # The browser may know the zone by its older name; both are IANA names.
    assert cookies["viewer_tz"]["value"] in {"Asia/Kolkata", "Asia/Calcutta"}
    assert cookies["viewer_tz"]["sameSite"] == "Lax"


def test_the_theme_follows_the_system_until_one_is_chosen(open_page):
    page = open_page(color_scheme="dark")
    theme = page.locator("html")
    playwright.expect(theme).to_have_attribute("data-bs-theme", "dark")
    page.locator("details.menu > summary").click()
    page.get_by_role("button", name="Light").click()
    playwright.expect(theme).to_have_attribute("data-bs-theme", "light")
    page.reload()
    playwright.expect(theme).to_have_attribute("data-bs-theme", "light")
    page.locator("details.menu > summary").click()
    playwright.expect(page.get_by_role("button", name="Light")).to_have_attribute(
        "aria-pressed", "true"
    )


def test_escape_closes_the_menu_and_keeps_the_focus(open_page):
    page = open_page()
    page.locator("details.menu > summary").click()
    page.keyboard.press("Escape")
    playwright.expect(page.locator("details.menu")).not_to_have_attribute("open", "")
    playwright.expect(page.locator("details.menu > summary")).to_be_focused()


def test_the_links_hide_behind_a_button_on_a_phone(open_page):
    page = open_page(viewport={"width": 360, "height": 700}, java_script_enabled=False)
    link = page.get_by_role("link", name="Drivers")
    playwright.expect(link).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    playwright.expect(link).to_be_visible()


def test_a_form_is_sent_once(open_page):
    page = open_page()
    sent = []
    page.on("request", lambda request: sent.append(request) if "/slow/" in request.url else None)
    page.locator("form#book").evaluate("form => { form.noValidate = true }")
    send = page.locator("#send")
    with page.expect_response("**/slow/"):
        send.click()
    playwright.expect(send).to_have_attribute("aria-busy", "true")
    playwright.expect(send).to_be_disabled()
    playwright.expect(send).to_be_focused()
    page.keyboard.press("Enter")
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow'))")
    playwright.expect(send).to_be_enabled()
    assert len(sent) == 1
    assert "send=now" in (sent[0].post_data or "")


def test_a_filter_applies_as_it_is_chosen(open_page):
    page = open_page("/sites/")
    page.locator("#kind").select_option("dc")
    page.wait_for_url("**/sites/?kind=dc*")
    playwright.expect(page.locator("main p").first).to_have_text("dc")


def test_what_is_typed_into_a_filter_waits_for_the_button(open_page):
    page = open_page("/sites/")
    page.locator("#q").fill("pier")
    page.locator("#q").blur()
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**/sites/?kind=&q=pier")


def swap(page, kind):
    """Swap the fragment and wait until that is done."""
    page.evaluate(
        """kind => new Promise(done => {
          document.addEventListener("htmx:afterSettle", () => done(null), {once: true});
          htmx.ajax("GET", `/fragment/${kind}/`, "#decision");
        })""",
        kind,
    )


def test_a_swap_is_announced_once_and_keeps_the_focus(open_page):
    page = open_page()
    page.evaluate(
        """() => {
          const announcer = document.getElementById("announcer");
          window.said = [];
          new MutationObserver(() => window.said.push(announcer.textContent))
            .observe(announcer, {childList: true});
        }"""
    )
    page.locator("#same").focus()
    swap(page, "approved")
    playwright.expect(page.locator("#announcer")).to_have_text("Approved")
    playwright.expect(page.locator("#same")).to_be_focused()
    swap(page, "approved")
    swap(page, "renamed")
    swap(page, "rejected")
    playwright.expect(page.locator("#announcer")).to_have_text("Rejected")
    assert page.evaluate("window.said") == ["Approved", "Rejected"]


def test_focus_in_a_part_that_vanished_goes_to_the_new_fragment(open_page):
    page = open_page()
    page.locator("#same").focus()
    swap(page, "renamed")
    playwright.expect(page.locator("#decision")).to_be_focused()


def test_what_is_typed_at_once_into_a_part_that_has_just_come_is_heard(open_page):
    page = open_page()
    with page.expect_request("**/fragment/found/"):
        page.evaluate(
            """() => {
              const type = () => {
                const field = document.getElementById("typed");
                field.value = "liam";
                field.dispatchEvent(new Event("input", { bubbles: true }));
              };
              document.addEventListener("htmx:afterSwap", () => setTimeout(type), {once: true});
              htmx.ajax("GET", "/fragment/search/", "#decision");
            }"""
        )


def test_what_could_not_be_loaded_is_said_and_can_be_closed(open_page):
    page = open_page()
    page.locator("#broken").click()
    toast = page.locator("#toasts")
    playwright.expect(toast).to_contain_text("That could not be loaded. Please try again.")
    page.locator("#toasts").get_by_role("button", name="Close").click()
    playwright.expect(toast).to_be_empty()


def test_a_log_in_page_is_never_swapped_into_a_fragment(open_page):
    page = open_page()
    page.evaluate("document.body.dataset.old = 'yes'")
    with page.expect_navigation():
        page.locator("#gone").click()
    playwright.expect(page.locator("#decision")).to_have_text("Requested")
    assert page.evaluate("document.body.dataset.old") is None


def test_the_summary_of_errors_takes_the_focus_and_leads_to_the_field(open_page):
    page = open_page("/?check=1")
    summary = page.locator(".form-errors")
    playwright.expect(summary).to_be_focused()
    summary.get_by_role("link", name="Reference").click()
    playwright.expect(page.locator("#id_reference")).to_be_focused()


@pytest.mark.parametrize("path", ["/?check=1&message=Done", "/account/password/change/"])
def test_nothing_is_out_of_reach(open_page, path):
    page = open_page(path, reduced_motion="reduce")
    page.evaluate("window.scrollTo(0, 0)")
    check(page)
    assert re.search("Chargebook|Test page", page.title())
