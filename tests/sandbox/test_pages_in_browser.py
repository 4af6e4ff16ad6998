"""The desk and the mails in a real browser."""

import threading
from collections.abc import Iterator

import pytest

from sandbox.desk.mailbox import Mailbox
from sandbox.energy.attach import physics_of
from sandbox.server import make
from sandbox.world.build import build_world
from sandbox.world.cast import ANA
from tests.looks import check
from tests.sandbox.conftest import HOUR, NOW, SOON, TOKEN
from tests.sandbox.test_mailbox import keep, mail

playwright = pytest.importorskip(
    "playwright.sync_api", reason="needs the e2e dependency group (make install-e2e)"
)
pytestmark = pytest.mark.browser

PAGES = {
    "desk": "/",
    "chargers": "/chargers",
    "smart charging": "/charging",
    "mails": "/mail",
    "mail": "/mail/20260302",
}


@pytest.fixture
def world():
    """A world with something of everything that the desk shows."""
    world = build_world(now=NOW)
    world.decision_delay = 0
    times = {"start_at": SOON, "end_at": SOON + HOUR}
    for _ in range(2):
        ask(world)
    world.manual = True
    ask(world)
    world.ask(type="update", booking_id=list(world.bookings)[-1], **times)
    world.faults.add("latency", path="bookings")
    world.faults.add("status-fail", path="/ampcontrol/")
    physics_of(world).depots.trip("DELETE", "/ampcontrol/v2/charging_sessions/1", "nobody may")
    return world


def ask(world, **changes) -> None:
    """Ask for a charger at the depot in Red Hook."""
    dock = next(each for each in world.evses.values() if each.physical_reference == "RH-01-1")
    fields = {"evse_id": dock.id, "start_at": SOON, "end_at": SOON + HOUR, **changes}
    location = world.charge_points[dock.charge_point_id].location_id
    world.ask(type="create", user_id=ANA.id, location_id=location, **fields)


@pytest.fixture
def address(world, tmp_path) -> Iterator[str]:
    mails = Mailbox(tmp_path)
    keep(mails, mail("A rather long subject about Dépôt Rhône Fret, Vénissieux: rejected"))
    server = make(world, host="127.0.0.1", port=0, token=TOKEN, mails=mails)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def open_page(chromium, address):
    """Open a page of the desk; fail on what the browser complains of."""
    troubles: list[str] = []
    contexts = []

    def open_page(path: str = "/", **options):
        context = chromium.new_context(base_url=address, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda message: troubles.append(message.text))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_accessible_and_fit(open_page, name):
    check(open_page(PAGES[name]))


def test_forms_of_the_desk_are_let_through(world, open_page):
    page = open_page()
    page.get_by_role("button", name="Reject request 3").locator("..").get_by_label("Reason").fill(
        "Roadworks."
    )
    page.get_by_role("button", name="Reject request 3").click()
    page.get_by_text("rejected: Roadworks.").wait_for()
    assert world.requests[3].reason == "Roadworks."


def test_new_requests_show_by_themselves(world, open_page):
    page = open_page()
    ask(world)
    page.get_by_role("button", name="Approve request 5").wait_for()


def test_nothing_moves_under_the_hands_of_who_types(world, open_page):
    page = open_page()
    page.clock.install()
    page.reload()
    reads = []
    page.on("request", lambda request: reads.append(request.url))
    reason = page.get_by_label("Reason").first
    reason.fill("The cable was")
    ask(world)
    page.clock.run_for(20_000)
    assert reason.input_value() == "The cable was"
    assert reads == []
    reason.fill("")
    reason.blur()
    page.clock.run_for(2_000)
    page.get_by_role("button", name="Approve request 5").wait_for()


def test_html_of_a_mail_runs_nothing(open_page, address, tmp_path):
    message = mail()
    message.get_body(("html",)).set_content(
        "<p id=p>Kept</p><script>document.getElementById('p').textContent = 'Ran'</script>"
        "<img src=/desk.css onerror=\"document.getElementById('p').textContent = 'Ran'\">",
        subtype="html",
    )
    keep(Mailbox(tmp_path), message, name="20260303")
    # In a tab of its own: the browser says on its console that it has refused these.
    shown = open_page().context.new_page()
    shown.goto("/mail/20260303")
    inside = shown.frame_locator("iframe").locator("#p")
    inside.wait_for()
    assert inside.text_content() == "Kept"
