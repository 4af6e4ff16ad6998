"""`manage.py ampeco_notifications`, against the simulated operator."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ampeco.client import AmpecoClient
from hooks.hints import NAMED, WANTED
from hooks.subscription import our_address
from tests.contract.checker import ContractChecker

PATH = "notifications/v2.0"
THEIRS = ("https://billing.example/ampeco", ["cdr.received"])


@pytest.fixture(autouse=True)
def _theirs(operator, ampeco_client: AmpecoClient):
    """The operator tells somebody else of something already."""
    ampeco_client.subscribe_to_notifications(*THEIRS)


def command(what: str) -> str:
    out = StringIO()
    call_command("ampeco_notifications", what, stdout=out)
    return out.getvalue()


def ours(client) -> list:
    found = [each for each in client.notification_subscriptions() if each.id != 1]
    assert len(client.notification_subscriptions()) - len(found) == 1, "theirs is gone"
    return found


def test_it_subscribes_once(ampeco_client, wire):
    assert "is made" in command("subscribe")
    assert "was there already" in command("subscribe")
    (subscription,) = ours(ampeco_client)
    assert subscription.callback_url == "https://chargebook.example/hooks/ampeco"
    assert set(subscription.notifications) == set(WANTED) <= set(NAMED)
    checker = ContractChecker()
    for request in wire.sent:
        checker.check_request(request)


def test_one_that_tells_less_is_replaced_and_twins_are_removed(ampeco_client):
    ampeco_client.subscribe_to_notifications(our_address(), WANTED[:1])
    ampeco_client.subscribe_to_notifications(our_address(), WANTED)
    ampeco_client.subscribe_to_notifications(our_address(), WANTED)
    assert "Subscription 3 was there already" in command("subscribe")
    assert [each.id for each in ours(ampeco_client)] == [3]


def test_it_lists_all_and_says_which_is_the_portals(ampeco_client):
    assert "The portal has none" in command("list")
    command("subscribe")
    said = command("list")
    assert "1: https://billing.example/ampeco: cdr.received" in said
    assert "2: https://chargebook.example/hooks/ampeco (the portal's): " in said


def test_it_removes_its_own_only(ampeco_client):
    command("subscribe")
    assert command("unsubscribe") == "Removed: 1.\n"
    assert ours(ampeco_client) == []
    assert command("unsubscribe") == "The portal had none.\n"


def test_who_is_faster_with_removing_is_no_problem(ampeco_client, operator):
    command("subscribe")
    operator.faults.add("server-error-after", method="DELETE", count=1)
    with pytest.raises(CommandError, match="did not answer as it should"):
        command("unsubscribe")
    assert command("unsubscribe") == "The portal had none.\n"


def test_an_address_without_https_is_remarked_upon(settings):
    settings.SITE_URL, settings.SERVED_OVER_HTTPS = "http://10.0.0.5", False
    assert "may not be able to reach it" in command("subscribe")


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("unauthorized", "refuses the token"),
        ("server-error", "did not answer as it should"),
        ("rate-limited", "did not answer as it should"),
    ],
)
@pytest.mark.parametrize("what", ["subscribe", "list", "unsubscribe"])
def test_it_says_what_is_the_matter(what, kind, sentence, operator):
    operator.faults.add(kind)
    with pytest.raises(CommandError, match=sentence):
        command(what)


def test_what_the_operator_does_not_take(settings):
    settings.SITE_URL = f"https://{'x' * 600}.example"
    with pytest.raises(CommandError, match="must be a valid URL"):
        command("subscribe")
