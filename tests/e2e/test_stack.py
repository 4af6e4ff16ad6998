"""The demo comes up with everything that its banner promises."""

import pytest

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    "email", ["manager@hudson.example", "viewer@rhone.example", "staff@operator.example"]
)
def test_people_of_the_demo_can_log_in(page, demo_stack, email):
    login = demo_stack.login(email)

    page.goto("/account/login/")
    page.get_by_label("E-mail").fill(login["email"])
    page.get_by_label("Password").fill(login["password"])
    page.get_by_role("main").get_by_role("button", name="Log in").click()

    page.wait_for_url(f"{demo_stack.portal}/bookings/**")


def test_desk_and_mails_of_the_operator_open(page, demo_stack):
    for path in ("/", "/mail"):
        answer = page.goto(f"{demo_stack.operator}{path}")

        assert answer.status == 200
