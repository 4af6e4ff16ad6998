"""Adding a driver by e-mail: what is said in each case, and what it changes."""

import logging

import httpx
import pytest
import time_machine

from ampeco.connection import is_refused
from drivers.models import Driver, FleetDriver, PrivateAccess
from drivers.permissions import current_drivers
from drivers.services import DriverNotAdded, add_driver_by_email
from sandbox.world.cast import ANA, BEN, BOTH, CARLA, DISABLED, HUDSON, JULES, NOBODYS, PENDING
from tests.drivers.conftest import sign_up
from tests.factories import DriverFactory, MembershipFactory
from tests.scripted_operator import page

pytestmark = pytest.mark.django_db


@pytest.fixture
def add(fleet, manager, operator):
    """Add a driver by e-mail as the fleet's manager."""

    def run(email, **others):
        return add_driver_by_email(**{"fleet": fleet, "user": manager, "email": email, **others})

    return run


@pytest.fixture
def refusal(add):
    """Try to add somebody who is not added; return code and message."""

    def run(email, **others):
        with pytest.raises(DriverNotAdded) as caught:
            add(email, **others)
        return caught.value.code, caught.value.message

    return run


@pytest.mark.parametrize("typed", [ANA.email, ANA.email.lower(), f"  {ANA.email.upper()} "])
def test_a_driver_of_the_fleet_is_added_whatever_the_case(add, fleet, typed):
    driver = add(typed)
    assert (driver.display_name, driver.email) == ("Ana Alvarez", "ana.alvarez@hudson.example")
    assert list(current_drivers(fleet)) == [driver]
    assert PrivateAccess.objects.get(driver=driver).ampeco_partner_id == HUDSON


@pytest.mark.parametrize("typed", [ANA.email.lower(), ANA.email.upper()])
def test_an_operator_that_compares_exactly_holds_the_address_in_another_case(
    add, refusal, operator, wire, typed
):
    held = {user.email for user in operator.users.values()}

    def compare_exactly(request):
        asked = request.url.params.get("filter[email]")
        return None if asked is None or asked in held else page([])

    wire.intercept = compare_exactly
    assert add(typed).display_name == "Ana Alvarez"
    assert refusal("nobody@nowhere.example")[0] == "not-in-fleet"


UMLAUT, ASCII = "uwe@müller.example", "uwe@xn--mller-kva.example"


@pytest.mark.parametrize("held", [UMLAUT, ASCII])
@pytest.mark.parametrize("typed", [UMLAUT, ASCII])
def test_a_domain_with_an_umlaut_is_found_in_both_spellings(
    add, refusal, operator, invite, held, typed
):
    user = sign_up(operator, 77_000, held)
    invite(user.id, HUDSON)
    assert add(typed).email == UMLAUT
    for other in (UMLAUT, ASCII):
        assert refusal(other)[0] == "already"


def test_a_driver_of_another_fleet_too_is_added(add, fleet, other_fleet):
    DriverFactory(ampeco_user_id=BOTH.id, email=BOTH.email, fleet=other_fleet)
    driver = add(BOTH.email)
    assert set(driver.fleets.all()) == {fleet, other_fleet}
    assert Driver.objects.filter(ampeco_user_id=BOTH.id).count() == 1


def test_somebody_who_came_back_is_added_again(add, fleet):
    driver = add(BEN.email)
    FleetDriver.objects.update(left_at=driver.synced_at)
    assert add(BEN.email) == driver
    assert list(current_drivers(fleet)) == [driver]


def test_somebody_who_is_in_the_fleet_already_costs_no_look_up(add, refusal, wire):
    add(BEN.email)
    calls = wire.count()
    assert refusal(BEN.email.upper()) == ("already", "Ben Okafor is already in your fleet.")
    assert wire.count() == calls


def test_a_driver_known_by_an_older_email_is_there_already(refusal, fleet):
    DriverFactory(ampeco_user_id=BEN.id, email="old@hudson.example", fleet=fleet)
    assert refusal(BEN.email) == ("already", "Ben Okafor is already in your fleet.")
    assert Driver.objects.get(ampeco_user_id=BEN.id).email == BEN.email


def test_a_driver_enabled_again_is_taken_up(add, fleet):
    DriverFactory(
        ampeco_user_id=BEN.id, email=BEN.email, fleet=fleet, status=Driver.Status.DISABLED
    )
    assert add(BEN.email).status == Driver.Status.ENABLED


NOT_IN_FLEET = (
    "not-in-fleet",
    "No driver of your fleet has this e-mail address. The driver must sign up in the driver app,"
    " and accept the operator’s invitation to “Hudson Parcel Fleet”.",
)
NOBODY = "nobody@nowhere.example"


@pytest.mark.parametrize(
    "person", [JULES.email, NOBODYS.email, NOBODY], ids=["of another fleet", "of none", "nobody"]
)
def test_of_somebody_elses_driver_nothing_is_said(refusal, person):
    assert refusal(person) == NOT_IN_FLEET
    assert not Driver.objects.exists()


@pytest.mark.parametrize("spell", [str.lower, str.title])
@pytest.mark.parametrize("disabled", [False, True])
@pytest.mark.parametrize("older", [False, True])
def test_who_has_an_account_with_the_operator_cannot_be_told(
    refusal, operator, wire, caplog, request, spell, disabled, older
):
    """Not by what is said, how many calls it takes, what is logged or how often one may ask."""
    caplog.set_level(logging.DEBUG)
    if older:
        request.getfixturevalue("without_invites")
    if disabled:
        operator.users[JULES.id].status = "disabled"
    seen = []
    for email in (JULES.email, NOBODYS.email, NOBODY):
        wire.sent.clear()
        caplog.clear()
        said = refusal(spell(email))
        calls = [
            [(key, value.lower() == email.lower() or value) for key, value in asked]
            for asked in (each.url.params.multi_items() for each in wire.sent)
        ]
        lines = [each.msg for each in caplog.records if each.levelno >= logging.INFO]
        seen.append((said, calls, lines))
    assert seen[0] == seen[1] == seen[2]


def test_a_disabled_driver_of_the_fleet(refusal):
    assert refusal(DISABLED.email) == (
        "disabled",
        "Dmitri Petrov is disabled by the operator.",
    )
    assert not Driver.objects.exists()


def test_that_somebody_elses_driver_is_disabled_is_not_said(refusal, operator):
    operator.users[JULES.id].status = "disabled"
    assert refusal(JULES.email) == NOT_IN_FLEET


def test_a_driver_whose_status_is_not_known(refusal, operator):
    operator.users[BEN.id].status = "sleeping"
    assert refusal(BEN.email)[0] == "refused"


def test_an_invite_that_waits_to_be_accepted(refusal):
    assert refusal(PENDING.email) == (
        "pending",
        "This driver has not accepted the invitation yet. It is in their e-mail or in the"
        " driver app.",
    )


def test_another_fleets_invite_is_not_spoken_of(refusal, other_fleet, other_manager):
    assert refusal(PENDING.email, fleet=other_fleet, user=other_manager) == (
        "not-in-fleet",
        NOT_IN_FLEET[1].replace("Hudson Parcel Fleet", "Rhône Fret"),
    )


@pytest.fixture
def without_invites(wire):
    """Let users come without their invites, as from older versions of AMPECO."""

    def answer(request):
        if "/users/" not in request.url.path:
            return None
        answer = httpx.WSGITransport(wire._operator.app).handle_request(request)
        answer.read()
        payload = answer.json()
        for user in payload["data"]:
            user.pop("partnerInvites", None)
        return httpx.Response(200, json=payload)

    wire.intercept = answer


@pytest.mark.usefixtures("without_invites")
def test_invites_are_asked_for_where_the_user_comes_without_them(add, refusal):
    assert add(CARLA.email).display_name == "Carla Rossi"
    assert refusal(JULES.email) == NOT_IN_FLEET


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (
            httpx.Response(500, json={}),
            "unreachable",
            "The operator's system cannot be reached just now. Nothing was changed. "
            "Please try again in a few minutes.",
        ),
        (
            httpx.Response(429, json={}, headers={"Retry-After": "90"}),
            "busy",
            "The operator's system is busy. Nothing was changed. Please try again in a minute.",
        ),
        (
            httpx.Response(401, json={}),
            "not-permitted",
            "Drivers cannot be added at the moment. The operator has been notified.",
        ),
        (
            httpx.Response(422, json={"message": "no", "errors": {}}),
            "refused",
            "The operator's system does not accept this e-mail address.",
        ),
    ],
    ids=["500", "429", "401", "422"],
)
def test_an_operator_that_does_not_answer(refusal, wire, answer, code, message):
    wire.intercept = lambda request: answer
    assert refusal(BEN.email) == (code, message)
    assert not Driver.objects.exists()
    assert is_refused() is (code == "not-permitted")


def test_a_lost_connection_is_an_operator_out_of_reach(refusal, wire):
    def lose(request):
        raise httpx.ConnectError("no route", request=request)

    wire.intercept = lose
    assert refusal(BEN.email)[0] == "unreachable"


def test_the_log_names_nobody(refusal, wire, caplog):
    caplog.set_level(logging.DEBUG)
    wire.intercept = lambda request: httpx.Response(500, json={"message": BEN.email})
    refusal(BEN.email)
    refusal(JULES.email)
    ours = [each.getMessage() for each in caplog.records if each.name.startswith("drivers")]
    assert len(ours) == 2
    assert not any("@" in line for line in ours)


@pytest.fixture
def two_an_hour(settings):
    settings.DRIVER_LOOKUPS_PER_HOUR = 2


def test_look_ups_are_limited_for_a_person(add, refusal, two_an_hour, wire):
    with time_machine.travel("2026-11-23T10:40:30Z", tick=False):
        refusal("one@nowhere.example")
        refusal("two@nowhere.example")
        calls = wire.count()
        assert refusal(BEN.email) == (
            "too-many",
            "Too many drivers were looked up in the past hour. Please try again in 20 minutes.",
        )
        assert wire.count() == calls
    with time_machine.travel("2026-11-23T10:59:30Z", tick=False):
        assert refusal(BEN.email)[1].endswith("Please try again in 1 minute.")
    with time_machine.travel("2026-11-23T11:00:01Z", tick=False):
        assert add(BEN.email)


def test_look_ups_are_limited_for_a_fleet(refusal, two_an_hour, fleet, other_fleet):
    colleague = MembershipFactory(fleet=fleet).user
    third = MembershipFactory(fleet=fleet).user
    stranger = MembershipFactory(fleet=other_fleet).user
    with time_machine.travel("2026-11-23T10:40:30Z", tick=False):
        assert refusal("one@nowhere.example")[0] == "not-in-fleet"
        assert refusal("two@nowhere.example", user=colleague)[0] == "not-in-fleet"
        assert refusal("three@nowhere.example", user=third)[0] == "too-many"
        assert (
            refusal("four@nowhere.example", user=stranger, fleet=other_fleet)[0] == "not-in-fleet"
        )


def test_a_person_of_two_fleets_has_one_limit(refusal, two_an_hour, other_fleet):
    with time_machine.travel("2026-11-23T10:40:30Z", tick=False):
        refusal("one@nowhere.example")
        refusal("two@nowhere.example")
        assert refusal("three@nowhere.example", fleet=other_fleet)[0] == "too-many"


def test_somebody_is_added_once_the_operator_has_them_in_the_fleet(refusal, add, operator, invite):
    sign_up(operator, 80_001, "Twin@hudson.example")
    assert refusal("twin@hudson.example") == NOT_IN_FLEET
    invite(80_001, HUDSON)
    assert add("TWIN@HUDSON.EXAMPLE").ampeco_user_id == 80_001
