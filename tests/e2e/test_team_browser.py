"""A team in a real browser: invite, accept, change a role, leave with a handover."""

import re

import pytest

from tests.e2e.steps import MANAGER, book_first, expect

pytestmark = pytest.mark.browser

ZOE = "zoe.park@hudson.example"
PHONE = {"viewport": {"width": 360, "height": 740}}


def test_somebody_is_invited_books_and_leaves(open_page, operator):
    admin = open_page(MANAGER)
    admin.goto("/")
    admin.locator(".topbar__account summary").click()
    admin.get_by_role("link", name="Team", exact=True).click()
    expect(admin.get_by_role("heading", name="Team", level=1)).to_be_visible()
    admin.get_by_label("E-mail", exact=True).fill(ZOE)
    admin.get_by_label("Name").fill("Zoe Park")
    admin.get_by_role("combobox", name="Role", exact=True).select_option("viewer")
    admin.get_by_role("button", name="Send the invitation").click()
    expect(admin.locator("body")).to_contain_text(f"An invitation was sent to {ZOE}.")
    expect(admin.get_by_role("row", name=re.compile(ZOE))).to_contain_text("Viewer")

    (mail,) = operator.mails(to=ZOE, about="invites you to join the team")
    zoe = open_page(**PHONE)
    zoe.goto(re.search(r"https?://\S+(/invitation/\S+)", operator.text(mail))[1])
    expect(zoe.get_by_label("Your name")).to_have_value("Zoe Park")
    zoe.get_by_label("Password").fill("four words of mine")
    zoe.get_by_role("button", name="Create my account and join").click()
    expect(zoe.locator("body")).to_contain_text("Welcome to the team of")

    admin.reload()
    row = admin.get_by_role("row", name=re.compile("Zoe Park"))
    row.get_by_role("combobox").select_option("manager")
    row.get_by_role("button", name="Change the role of Zoe Park").click()
    expect(admin.locator("body")).to_contain_text("Zoe Park now has the role “Manager”.")

    address = book_first(zoe, "Malataverne", day=5, driver="Liam Byrne", reference="Zoe's own")
    zoe.goto("/team/leave/")
    expect(zoe.locator("body")).to_contain_text("1 booking that is upcoming")
    zoe.get_by_label("Who takes over").select_option("Maya Okafor")
    zoe.get_by_role("button", name="Leave").click()
    expect(zoe.locator("body")).to_contain_text("1 booking was handed over to Maya Okafor.")

    admin.goto(address)
    expect(admin.locator("ol.history")).to_contain_text(
        "Handed over from Zoe Park to Maya Okafor by Zoe Park"
    )
    admin.goto("/team/")
    expect(admin.locator("body")).not_to_contain_text("Zoe Park")
