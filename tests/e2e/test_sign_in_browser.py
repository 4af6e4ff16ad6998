"""Signing in with an app, with passkeys and with recovery codes, as somebody does in a browser."""

import re
from collections.abc import Iterator

import pytest

from tests.accounts.steps import code_now
from tests.e2e.steps import expect

pytestmark = pytest.mark.browser

# Of a fleet of their own: whoever else signs in here needs no second factor.
EMAIL = "manager@rhone.example"


@pytest.fixture
def login(demo_stack) -> dict[str, str]:
    return demo_stack.login(EMAIL)


@pytest.fixture
def new_page(chromium, demo_stack) -> Iterator[object]:
    """Yield a function that opens a tab in a browser of its own, under a name passkeys work for."""
    contexts, troubles = [], []

    def open_tab(**options: object) -> object:
        portal = demo_stack.portal.replace("127.0.0.1", "localhost")
        context = chromium.new_context(base_url=portal, locale="en-GB", **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
        page.on(
            "console", lambda told: troubles.append(told.text) if told.type == "error" else None
        )
        return page

    yield open_tab
    for context in contexts:
        context.close()
    assert troubles == []


def add_security_key(page) -> None:
    """Give the browser a key that is touched, and knows its owner's finger, by itself."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def give_password(page, login) -> None:
    page.goto("/account/login/")
    page.get_by_label("E-mail").fill(login["email"])
    page.get_by_label("Password").fill(login["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()


def expect_heading(page, name: str) -> None:
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def sign_out(page) -> None:
    page.goto("/account/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    expect_heading(page, "Sign in")


def show_oneself(page, login) -> None:
    expect_heading(page, "Please confirm that it is you")
    page.get_by_label("Password").fill(login["password"])
    page.get_by_role("button", name="Continue").click()


def give_code(page, code: str) -> None:
    expect_heading(page, "Second factor")
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_an_app_a_passkey_and_recovery_codes(new_page, login):
    page = new_page()
    add_security_key(page)
    give_password(page, login)
    expect_heading(page, "Today")

    page.locator(".topbar details.menu summary").click()
    page.get_by_role("link", name="Sign-in and security").click()
    page.get_by_role("link", name="Set up an app").click()
    show_oneself(page, login)
    expect_heading(page, "Set up an app")
    picture = page.locator("img.qr")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    secret = page.locator("#app-secret").inner_text()
    page.get_by_label("Code from the app").fill("12345")
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_text("Incorrect code or passkey.").first).to_be_visible()
    assert page.locator("#app-secret").inner_text() == secret
    page.get_by_label("Code from the app").fill(code_now(secret))
    page.get_by_role("button", name="Set up").click()
    expect_heading(page, "Recovery codes")
    codes = page.locator(".codes li").all_inner_texts()
    assert len(codes) == 10
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert codes[0] in download.value.path().read_text()

    sign_out(page)
    give_password(page, login)
    # That which set up the app is used up.
    give_code(page, code_now(secret, steps=1))
    expect_heading(page, "Today")

    page.goto("/account/security/")
    page.get_by_role("link", name="Add a passkey").click()
    show_oneself(page, login)
    page.get_by_label("Name").fill("Finger at the desk")
    page.get_by_label("Sign in with this passkey alone").check()
    page.get_by_role("button", name="Add a passkey").click()
    expect_heading(page, "Sign-in and security")
    page.get_by_role("link", name="Your passkeys").click()
    row = page.get_by_role("row").filter(has_text="Finger at the desk")
    expect(row).to_contain_text("Alone, without a password")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("alert")).to_have_text(
        "This device or key is already one of your passkeys."
    )

    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect_heading(page, "Today")
    # Until the browser closes: nobody asked to stay signed in.
    (session,) = [each for each in page.context.cookies() if each["name"] == "sessionid"]
    assert session["expires"] == -1

    sign_out(page)
    give_password(page, login)
    expect_heading(page, "Second factor")
    page.get_by_role("button", name="Use a passkey").click()
    expect_heading(page, "Today")

    # Without JavaScript, and without the phone.
    plain = new_page(java_script_enabled=False)
    give_password(plain, login)
    expect(plain.get_by_role("button", name="Use a passkey")).to_be_hidden()
    give_code(plain, codes[4])
    expect_heading(plain, "Today")
    plain.goto("/account/security/sessions/")
    expect(plain.get_by_role("row")).to_have_count(3)
    plain.get_by_role("button", name="Sign out all others").click()
    expect(plain.get_by_role("row")).to_have_count(2)
    page.goto("/bookings/")
    expect_heading(page, "Sign in")

    plain.goto("/account/security/webauthn/")
    plain.get_by_role("link", name=re.compile("Remove")).click()
    show_oneself(plain, login)
    plain.get_by_role("button", name="Remove the passkey").click()
    expect(plain.get_by_text("No passkeys")).to_be_visible()
    plain.goto("/account/security/totp/deactivate/")
    plain.get_by_role("button", name="Remove the app").click()
    expect_heading(plain, "Sign-in and security")
    expect(plain.get_by_role("link", name="Set up an app")).to_be_visible()


NOTE_WHEN_ASKED = """
const get = navigator.credentials.get.bind(navigator.credentials);
navigator.credentials.get = (...words) => {
  const answer = get(...words);
  document.documentElement.dataset.asked = "";
  return answer;
};
"""


def test_a_passkey_that_nobody_shows_is_said(new_page):
    page = new_page()
    page.add_init_script(NOTE_WHEN_ASKED)
    page.goto("/account/login/")
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "usb", "hasResidentKey": True}
    key = devtools.send(
        "WebAuthn.addVirtualAuthenticator", {"options": {**options, "hasUserVerification": True}}
    )
    page.get_by_role("button", name="Sign in with a passkey").click()
    # Taken away before, the browser would wait for somebody to plug one in.
    expect(page.locator("html[data-asked]")).to_have_count(1, timeout=30_000)
    devtools.send(
        "WebAuthn.removeVirtualAuthenticator", {"authenticatorId": key["authenticatorId"]}
    )
    expect(page.get_by_role("alert")).to_have_text(
        "No passkey was used. Please try again, or use another way.", timeout=30_000
    )
