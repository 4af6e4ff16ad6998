"""Changing and cancelling bookings, in a real browser against the running demo."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from tests.e2e.steps import (
    DECISION_MS,
    MANAGER,
    begin_change,
    book,
    book_first,
    expect,
    expect_status,
    open_site,
    pick_day,
    reload_until,
    request_first,
    send,
    start_of,
    starts,
    status,
)
from tools.services.ports import wait_until

pytestmark = pytest.mark.browser

HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
NEW_YORK = ZoneInfo("America/New_York")
# A booking that is about to start is read every ten seconds while its page is open.
READ_MS = 45_000


@pytest.fixture
def page(open_page):
    """Return the tab of a manager who is signed in."""
    return open_page(MANAGER)


def test_another_time_is_asked_for_decided_and_told(page, operator):
    book_first(page, "Queens Center Mall", day=5, driver="Ben Okafor", reference="Later 1")
    number = number_of(page)
    was = operator.booking(number)
    begin_change(page)
    start = pick_another_time(page)

    operator.decide_by_hand(True)
    page.locator("#send-change").click()
    expect(status(page)).to_contain_text("Change requested")
    asked = page.locator("#banner-open-change")
    expect(asked).to_contain_text("Change requested by Maya Okafor:")
    expect(asked).to_contain_text("Until the operator decides, the booking stays as it is.")
    assert operator.booking(number)["startAt"] == was["startAt"]
    operator.decide_by_hand(False)

    expect(asked).to_have_count(0, timeout=DECISION_MS)
    expect_status(page, "Approved")
    expect(status(page)).not_to_contain_text("Change requested")
    assert instant(operator.booking(number)["startAt"]) == start
    expect(page.locator("#booking-facts")).to_contain_text(site_clock(start))
    change = history(page).filter(has_text="Change requested by Maya Okafor")
    expect(change.locator("s")).to_contain_text([site_clock(instant(was["startAt"]))])
    expect(change.get_by_role("listitem").first).to_contain_text(f"to {site_clock(start)}")
    expect(history(page).filter(has_text="Change approved by the operator")).to_have_count(1)

    uids = set()
    for recipient in ("ben.okafor@hudson.example", MANAGER):
        first, second = calendar_entries(operator, to=recipient, about="Later 1")
        uids |= {first["UID"], second["UID"]}
        assert first["SEQUENCE"] < second["SEQUENCE"]
        assert (first.start, second.start) == (instant(was["startAt"]), start)
    assert len(uids) == 1


def test_another_time_without_scripts(open_page, operator):
    page = open_page(MANAGER, java_script_enabled=False)
    open_site(page, "Corning Museum")
    pick_day(page, 5)
    starts(page).first.click()
    page.get_by_role("radio", name="Ines Costa").check()
    send(page)
    assert reload_until(page, "Approved")
    assert reload_until(page, "Operator's number", there="main")
    before = len(operator.requests())

    begin_change(page)
    page.locator("#send-change").click()
    problem = page.locator("#change-problem")
    expect(problem).to_contain_text("Nothing to change")
    expect(problem).to_contain_text("Nothing was sent.")
    assert len(operator.requests()) == before

    start = pick_another_time(page)
    page.locator("#send-change").click()
    page.wait_for_url(re.compile(r"/bookings/\d+/$"))
    assert reload_until(page, "Change approved by the operator", there="main")
    expect(page.locator("#booking-facts")).to_contain_text(site_clock(start))
    (request,) = operator.requests()[before:]
    assert (request["type"], instant(request["startAt"])) == ("update", start)


def test_another_driver_who_has_a_booking_then(page, operator):
    site = "Dalewood Shopping Center"
    book_first(page, site, day=6, driver="Noah Klein", reference="Noah's own")
    own = instant(operator.booking(number_of(page))["startAt"])
    open_site(page, site)
    pick_day(page, 6)
    at_that_time = [
        link.get_attribute("href")
        for link in starts(page).all()
        if abs(instant(start_of(link)) - own) < HOUR
    ]
    # Of the first charger it has just been taken.
    page.goto(at_that_time[-1])
    book(page, driver="Kim Nguyen", reference="Handed over")
    number, before = number_of(page), len(operator.requests())

    begin_change(page)
    page.get_by_role("searchbox", name="Find a driver").press_sequentially("noah")
    # The chosen one stays among those that are found.
    expect(page.get_by_role("radio")).to_have_count(2)
    page.get_by_role("radio", name="Noah Klein").check()
    page.locator("#send-change").click()
    overlaps = page.locator("#change-overlaps")
    expect(overlaps).to_contain_text("Noah Klein has another booking at that time")
    expect(overlaps.get_by_role("listitem")).to_contain_text(site)
    assert len(operator.requests()) == before

    page.get_by_role("button", name="Change anyway").click()
    page.wait_for_url(re.compile(r"/bookings/\d+/$"))
    expect(page.locator("#booking-facts")).to_contain_text("Noah Klein", timeout=DECISION_MS)
    change = history(page).filter(has_text="Change requested by")
    expect(change.first).to_contain_text(re.compile(r"from Kim Nguyen.*to Noah Klein", re.DOTALL))
    # The one who no longer drives is told so, and the calendar of the new one gets the entry.
    assert operator.booking(number)["userId"] == operator.requests()[-1]["userId"]
    assert wait_until(
        lambda: len(operator.mails(to="kim.nguyen@hudson.example", about="Handed over")) == 2,
        seconds=30,
    )
    assert wait_until(
        lambda: operator.mails(to="noah.klein@hudson.example", about="Handed over"), seconds=30
    )


def test_who_comes_second_is_told_what_happened_and_keeps_what_was_entered(
    page, open_page, operator
):
    booking = book_first(
        page, "Rochester Institute", day=6, driver="Hiro Tanaka", reference="Both at once"
    )
    second = open_page(MANAGER)
    for each in (page, second):
        each.goto(f"{booking}change/")
    theirs = pick_another_time(page)
    mine = pick_another_time(second, which=2)
    second.get_by_role("searchbox", name="Find a driver").press_sequentially("liam byrne")
    # Whom the form offers at first depends on who was booked for lately.
    expect(second.locator("#driver-options").get_by_role("radio")).to_have_count(2)
    second.get_by_role("radio", name="Liam Byrne").check()
    operator.decide_by_hand(True)
    before = len(operator.requests())
    page.locator("#send-change").click()
    expect(status(page)).to_contain_text("Change requested")

    second.locator("#send-change").click()
    problem = second.locator("#change-problem")
    expect(problem).to_contain_text("Change requested by you")
    expect(problem).to_contain_text("What you entered is kept")
    expect_kept(second, start=mine, driver="Liam Byrne")

    operator.decide_by_hand(False)
    expect(page.locator("#banner-open-change")).to_have_count(0, timeout=DECISION_MS)
    second.locator("#send-change").click()
    expect(problem).to_contain_text("This booking has changed since you opened the page.")
    expect_kept(second, start=mine, driver="Liam Byrne")
    assert len(operator.requests()) == before + 1

    second.locator("#send-change").click()
    second.wait_for_url(booking)
    expect(page.locator("#booking-facts")).to_contain_text(site_clock(theirs))
    expect(second.locator("#booking-facts")).to_contain_text("Liam Byrne", timeout=DECISION_MS)
    expect(second.locator("#booking-facts")).to_contain_text(site_clock(mine))


def expect_kept(page, *, start: datetime, driver: str) -> None:
    """Expect the form to have this start and this driver."""
    expect(page.get_by_role("radio", name=driver)).to_be_checked()
    expect(page.locator(pick(start))).to_have_attribute("aria-pressed", "true")


def test_a_booking_is_cancelled(page, operator):
    book_first(page, "Hawkins Point", day=5, driver="Carla Rossi", reference="Not needed")
    number = number_of(page)
    operator.decide_by_hand(True)
    page.locator("#cancel-link").click()
    expect(page.get_by_text("until then the booking remains valid")).to_be_visible()
    page.locator("#send-cancel").click()
    expect(status(page)).to_contain_text("Cancellation requested")
    expect(page.locator("#cancel-link")).to_have_count(0)
    assert operator.booking(number)["status"] == "accepted"

    operator.decide_by_hand(False)
    expect_status(page, "Cancelled")
    expect(page.locator("#change-link")).to_have_count(0)
    assert operator.booking(number)["status"] == "cancelled"
    for what in ("change", "cancel"):
        assert page.request.get(f"{page.url}{what}/").status == 409
    entries = calendar_entries(operator, to="carla.rossi@hudson.example", about="Not needed")
    assert [entry.get("STATUS") for entry in entries] == ["CONFIRMED", "CANCELLED"]
    assert len({entry["UID"] for entry in entries}) == 1


def test_an_undecided_booking_is_cancelled_once_it_is_approved(page, operator):
    operator.decide_by_hand(True)
    request_first(page, "Reims", day=5, driver="Jamal Wright", reference="Too early")
    expect(page.get_by_text("Received by the operator")).to_be_visible(timeout=DECISION_MS)
    page.locator("#cancel-link").click()
    expect(page.get_by_text("has not approved this booking yet")).to_be_visible()
    page.locator("#send-cancel").click()
    expect(status(page)).to_contain_text("Requested")
    expect(status(page)).to_contain_text("To be cancelled")
    expect(page.locator("#banner-open-change")).to_contain_text(
        "If it is approved, the portal will request its cancellation at once."
    )
    operator.decide_by_hand(False)
    expect_status(page, "Cancelled")
    assert operator.booking(number_of(page))["status"] == "cancelled"


def test_what_the_operator_never_had_is_withdrawn_at_once(page, operator):
    operator.go_wrong("unauthorized", method="POST", path="booking-requests", count=1)
    before = len(operator.requests())
    request_first(page, "Reims", day=6, driver="Elif Demir", reference="Never sent")
    trouble = page.get_by_text("The operator has been notified; we will keep trying.")
    expect(trouble).to_be_visible(timeout=DECISION_MS)
    # It is tried again after half a minute.
    page.locator("#cancel-link").click()
    page.locator("#send-cancel").click()
    expect(
        page.get_by_text("The request was withdrawn before it reached the operator")
    ).to_be_visible()
    expect(status(page)).to_contain_text("Cancelled")
    expect(history(page).filter(has_text="Withdrawn by Maya Okafor before")).to_have_count(1)
    expect(page.locator("#cancel-link")).to_have_count(0)
    assert len(operator.requests()) == before


def tick(box) -> None:
    """Tick a box; once more where the list was drawn anew under the pointer."""

    def is_ticked() -> bool:
        if not box.is_checked():
            box.click()
        return box.is_checked()

    assert wait_until(is_ticked, seconds=10)


def test_several_are_cancelled_from_the_list(page, operator):
    site = "Perpignan"
    told = [
        book_first(page, site, day=day, driver=driver, reference="Tour 9")
        for day, driver in ((6, "Ben Okafor"), (7, "Ines Costa"))
    ]
    refused = number_of(page)
    operator.decide_by_hand(True)
    told.append(request_first(page, site, day=5, driver="Kim Nguyen", reference="Tour 9"))
    keys = [address.rstrip("/").rpartition("/")[2] for address in told]

    page.goto("/bookings/?q=Tour+9")
    boxes = [page.locator(f"#tick-{key}") for key in keys]
    tick(boxes[0])
    for _ in range(2):
        with page.expect_response(lambda answer: "hx-request" in answer.request.headers):
            boxes[1].check()
            page.evaluate("htmx.trigger('#booking-list', 'look')")
    expect(page.locator("#cancel-selected-button")).to_contain_text("(2)")
    assert [box.is_checked() for box in boxes] == [True, True, False]
    page.locator("#tick-all").check()
    expect(page.locator("#cancel-selected-button")).to_contain_text("(3)")
    page.locator("#cancel-selected-button").click()

    expect(page.get_by_role("heading", name="Cancel several bookings")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_role("button", name="Cancel 3 bookings").click()
    rows = [page.locator(f"#cancelled-together #booking-{key}") for key in keys]
    for row in rows[:2]:
        expect(row).to_contain_text("Requested. The operator decides.")
    expect(rows[2]).to_contain_text("Will be cancelled as soon as the operator has decided on it.")

    assert wait_until(lambda: open_cancellation(operator, refused), seconds=30)
    operator.reject(open_cancellation(operator, refused), reason="It is paid for.")
    operator.decide_by_hand(False)
    expect(page.locator("#cancelled-together")).to_contain_text(
        "2 of 3 cancelled, 0 waiting", timeout=DECISION_MS
    )
    expect(rows[0]).to_contain_text("Cancelled.")
    expect(rows[1]).to_contain_text("The operator rejected it and says: “It is paid for.”")
    expect(rows[1]).to_contain_text("Approved")
    expect(rows[2]).to_contain_text("Cancelled.")


def open_cancellation(operator, number: int) -> int:
    """Return the number of the cancel request about a booking, or 0 if none has arrived."""
    return next(
        (
            each["id"]
            for each in operator.requests()
            if (each["type"], each.get("bookingId")) == ("cancel", number)
        ),
        0,
    )


def test_what_the_operator_does_shows_on_open_pages(page, open_page, operator):
    other = open_page(MANAGER)
    start, moved_to = soon(), soon() + 3 * HOUR
    book_at(page, "Green Acres Mall", start, driver="Liam Byrne", reference="Moved")
    book_at(other, "Queens Center Mall", start, driver="Mona Said", reference="Called off")
    for each in (page, other):
        # What stands on the page now is gone if it is ever loaded again.
        each.evaluate("document.body.dataset.loadedOnce = ''")

    operator.act(number_of(page), startAt=moved_to.isoformat(), endAt=(moved_to + HOUR).isoformat())
    operator.act(number_of(other), status="cancelled")

    facts = page.locator("#booking-facts")
    expect(facts).to_contain_text(site_clock(moved_to), timeout=READ_MS)
    # Not the mails that tell of it.
    change = history(page).filter(has_text="Changed by the operator", has=page.locator("s"))
    expect(change).to_contain_text(f"from {site_clock(start)}")
    expect(status(other)).to_contain_text("Cancelled", timeout=READ_MS)
    expect(other.locator("#announcer")).to_contain_text("Cancelled")
    expect(history(other).filter(has_text="Cancelled on the operator’s side")).to_have_count(1)
    for each in (page, other):
        expect(each.locator("body[data-loaded-once]")).to_have_count(1)


def book_at(page, site: str, start: datetime, *, driver: str, reference: str) -> None:
    """Book the first charger of a site that is free from `start` on."""
    open_site(page, site)
    rows = page.locator("#picker-chargers a[id^=picker-all-]").evaluate_all(
        "links => links.map(link => link.id)"
    )
    # Late in the evening all that is left of the day is shown at once.
    for row in rows or [None]:
        if row is not None:
            page.locator(f"#{row}").click()
            expect(page.locator(f"#{row}")).to_contain_text("Fewer start times")
        fitting = [link for link in starts(page).all() if instant(start_of(link)) == start]
        if fitting:
            fitting[0].click()
            book(page, driver=driver, reference=reference)
            return
    raise AssertionError(f"No charger is free at {start}.")


def soon() -> datetime:
    """Return a quarter hour that is five to twenty minutes ahead."""
    now = datetime.now(UTC) + timedelta(minutes=5)
    return now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0) + QUARTER


def pick_another_time(page, *, which: int = 1) -> datetime:
    """Pick one of the free times below the form, counted from 1; return its instant."""
    free = page.locator("#change-times button[aria-pressed=false]").nth(which - 1)
    start = instant(free.get_attribute("value"))
    free.click()
    expect(page.locator(pick(start))).to_have_attribute("aria-pressed", "true")
    return start


def pick(start: datetime) -> str:
    """Return the selector of the button that picks a start."""
    return f"#pick-{start.timestamp():.0f}"


def number_of(page) -> int:
    """Return the operator's number of the booking whose page is open."""
    terms = page.locator("dt", has_text="Operator's number")
    return int(terms.locator("xpath=following-sibling::dd[1]").inner_text())


def history(page):
    """Return the lines of the history of the booking whose page is open."""
    return page.locator("ol.history > li")


def calendar_entries(operator, *, to: str, about: str) -> list:
    """Return the entries that came with the two mails about a booking, oldest first."""
    assert wait_until(lambda: len(operator.mails(to=to, about=about)) == 2, seconds=30)
    files = [operator.attachment(mail) for mail in operator.mails(to=to, about=about)]
    entries = [entry for file in files for entry in Calendar.from_ical(file).walk("VEVENT")]
    return entries[::-1]


def instant(text: str) -> datetime:
    """Read an instant as forms and AMPECO write it."""
    return datetime.fromisoformat(text)


def site_clock(at: datetime) -> str:
    """Return an instant as the pages write it for a site near New York."""
    local = at.astimezone(NEW_YORK)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"
