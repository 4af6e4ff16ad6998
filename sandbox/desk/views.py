"""The operator's desk: where a person decides requests, breaks chargers and moves the clock."""

from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from markupsafe import Markup
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from sandbox.api.filters import refuse_other_sites
from sandbox.desk import charging, remote
from sandbox.desk.pages import form, page, table
from sandbox.faults import KINDS
from sandbox.world.records import Booking, Evse, Location
from sandbox.world.records import Request as Asked
from sandbox.world.world import World

SHOWN = 20
SHOWN_WAITING = 50
SHOWN_SITES = 200
MOST_CALLS = 1000
FAULT_SECONDS = 3.0
NO_REASON = "The operator cannot offer this slot."
REASON = Markup(
    '<label>Reason <input name="reason" maxlength="300" autocomplete="off" '
    'placeholder="Being serviced"></label>'
)


def show_desk(world: World) -> Response:
    """Show what waits for a decision, what was decided, bookings, the clock and the faults."""
    with world.lock:
        world.tick()
        waiting = [world.requests[pk] for pk in sorted(world.undecided)]
        decided = (each for each in reversed(world.requests.values()) if each.status != "pending")
        bookings = (each for each in reversed(world.bookings.values()) if each.user_id is not None)
        content = Markup("").join(
            _section(title, content)
            for title, content in (
                ("Waiting for a decision", _waiting(world, waiting)),
                ("Decided", _decided(world, list(islice(decided, SHOWN)))),
                ("Bookings", _bookings(world, list(islice(bookings, SHOWN)))),
                ("Clock", _clock(world)),
                ("Faults", _faults(world)),
            )
        )
    return page("Operator's desk", content, current="desk", renewed=True)


def show_chargers(world: World) -> Response:
    """Show all EVSEs by site, with a button to put each out of order or back into service."""
    with world.lock:
        sections = [
            _section(_name(location), _chargers(world, location))
            for location in islice(world.locations.values(), SHOWN_SITES)
        ]
    return page("Chargers", Markup("").join(sections), current="chargers")


def do(world: World, request: Request) -> Response:
    """Carry out what a button of the desk asks for, and go back to the page it was on."""
    refuse_other_sites(request)
    sent = request.form
    back = "/"
    with world.lock:
        number = _number(sent.get("id", ""))
        match sent.get("what"):
            case "approve" if number in world.requests:
                world.decide(world.requests[number])
            case "reject" if number in world.requests:
                reason = sent.get("reason", "").strip()
                world.reject(world.requests[number], reason or NO_REASON)
            case "mode":
                world.manual = sent.get("manual") == "yes"
                world.save()
            case "clock":
                _move_clock(world, sent.get("hours", ""))
            case "evse" if number in world.evses:
                works = sent.get("status") != "out of order"
                world.set_evse_status(number, "enabled" if works else "out of order")
                back = f"/chargers#evse-{number}"
            case "booking" if number in world.bookings:
                _change_booking(world, world.bookings[number], sent.get("change", ""))
            case "fault" if sent.get("kind") in KINDS:
                calls = min(MOST_CALLS, max(1, _number(sent.get("count", "")) or 1))
                world.faults.add(sent["kind"], count=calls, seconds=FAULT_SECONDS)
            case "no-faults":
                world.faults.clear()
            case "remote" if number in world.evses:
                remote.plan(world, number, sent.get("outcome", ""))
                back = "/remote"
            case "charging":
                charging.do(world, sent)
                back = "/charging"
    return redirect(back, code=303)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _move_clock(world: World, hours: str) -> None:
    if hours in {"1", "24"}:
        world.clock.advance(timedelta(hours=int(hours)))
    else:
        world.clock.reset()
    world.tick()
    world.save()


def _change_booking(world: World, booking: Booking, change: str) -> None:
    if change == "move":
        booking.start_at += timedelta(hours=1)
        booking.end_at += timedelta(hours=1)
        world.set_booking_status(booking, booking.status)
    elif change in {"cancelled", "failed", "no-show"}:
        world.set_booking_status(booking, change)


def _section(title: str, content: Markup) -> Markup:
    return Markup("<section><h2>{}</h2>{}</section>").format(title, content)


def _waiting(world: World, requests: list[Asked]) -> Markup:
    if world.manual:
        told = "Requests wait here until you decide."
        mode = form("Decide without me", what="mode", manual="no")
    else:
        told = f"Requests are decided by themselves after {world.decision_delay:g} seconds."
        mode = form("Let me decide", what="mode", manual="yes")
    rows: list[list[object]] = [
        [
            *_asked(world, asked),
            Markup("{}{}").format(
                form("Approve", about=f"request {asked.id}", what="approve", id=asked.id),
                form(
                    "Reject",
                    about=f"request {asked.id}",
                    inside=REASON,
                    what="reject",
                    id=asked.id,
                ),
            ),
        ]
        for asked in requests[:SHOWN_WAITING]
    ]
    more = len(requests) - len(rows)
    return Markup("<p>{}</p>{}{}{}").format(
        told,
        mode,
        table(
            "Waiting requests",
            ["Request", "Driver", "Where", "When", "Decision"],
            rows,
            empty="Nothing waits.",
        ),
        Markup("<p>{} more wait.</p>").format(more) if more else "",
    )


def _decided(world: World, requests: list[Asked]) -> Markup:
    rows: list[list[object]] = [
        [
            *_asked(world, asked),
            asked.status if not asked.reason else f"{asked.status}: {asked.reason}",
        ]
        for asked in requests
    ]
    headings = ["Request", "Driver", "Where", "When", "Outcome"]
    return table("Decided requests", headings, rows, empty="None yet.")


def _asked(world: World, asked: Asked) -> list[object]:
    """Return what is asked for; of a change or a cancellation also what it is about."""
    booking = world.bookings.get(asked.booking_id or 0) if asked.type != "create" else None
    if booking is None:
        driver, place = asked.user_id, asked.location_id
        start, end = asked.start_at, asked.end_at
        charger = _reference(world, asked.evse_id) if asked.evse_id else "any charger that fits"
    else:
        driver, place = asked.user_id or booking.user_id, booking.location_id
        start, end = asked.start_at or booking.start_at, asked.end_at or booking.end_at
        charger = f"{_reference(world, booking.evse_id)} (booking {booking.id})"
    return [
        f"{asked.id}\N{NO-BREAK SPACE}({asked.type})",
        _driver(world, driver),
        f"{_name(world.locations[place])}, {charger}" if place in world.locations else charger,
        _when(world, place, start, end),
    ]


def _bookings(world: World, bookings: list[Booking]) -> Markup:
    rows: list[list[object]] = [
        [
            booking.id,
            _driver(world, booking.user_id),
            _reference(world, booking.evse_id),
            _when(world, booking.location_id, booking.start_at, booking.end_at),
            booking.status,
            Markup("").join(
                form(label, about=f"booking {booking.id}", what="booking", id=booking.id, change=to)
                for label, to in (
                    ("Cancel", "cancelled"),
                    ("An hour later", "move"),
                    ("No-show", "no-show"),
                )
            )
            if booking.holds
            else "–",
        ]
        for booking in bookings
    ]
    headings = ["Booking", "Driver", "Charger", "When", "Status", "Action"]
    return table("Bookings", headings, rows, empty="None yet.")


def _clock(world: World) -> Markup:
    return Markup("<p>The operator's clock shows {} UTC.</p>{}{}{}").format(
        world.clock.now().strftime("%a %d %b %Y, %H:%M"),
        form("An hour on", what="clock", hours=1),
        form("A day on", what="clock", hours=24),
        form("Real time again", what="clock", hours=0),
    )


def _faults(world: World) -> Markup:
    options = Markup("").join(Markup("<option>{}</option>").format(kind) for kind in KINDS)
    rows: list[list[object]] = [
        [
            fault.kind,
            " ".join(filter(None, (fault.method, fault.path))) or "all",
            fault.hits,
            "no end" if fault.count is None else fault.count - fault.hits,
        ]
        for fault in world.faults.active
    ]
    choose = Markup(
        '<label>Fault <select name="kind">{}</select></label> <label>for the next <input '
        'type="number" name="count" value="5" min="1" max="{}"> calls</label>'
    ).format(options, MOST_CALLS)
    return Markup("{}{}{}").format(
        table("Faults", ["Fault", "Calls", "Hit", "To come"], rows, empty="All is well."),
        form("Switch on", inside=choose, what="fault"),
        form("Switch all off", what="no-faults"),
    )


def _chargers(world: World, location: Location) -> Markup:
    rows: list[list[object]] = [
        [
            Markup('<span id="evse-{}">{}</span>').format(evse.id, evse.physical_reference),
            evse.label,
            evse.status if evse.booking_enabled else f"{evse.status}, not for booking",
            _breaker(evse),
        ]
        for evse in world.evses_at(location)
    ]
    return table(
        f"Chargers at {_name(location)}",
        ["Charger", "Label", "Status", "Action"],
        rows,
        empty="No chargers.",
    )


def _breaker(evse: Evse) -> Markup:
    label, status = (
        ("Put out of order", "out of order")
        if evse.status == "enabled"
        else ("Back into service", "enabled")
    )
    return form(label, about=evse.physical_reference, what="evse", id=evse.id, status=status)


def _name(location: Location) -> str:
    return next(iter(location.name.values()), f"Site {location.id}")


def _reference(world: World, evse_id: int) -> str:
    return world.evses[evse_id].physical_reference


def _driver(world: World, user_id: int | None) -> str:
    user = world.users.get(user_id or 0)
    return f"{user.first_name} {user.last_name}" if user else "–"


def _when(
    world: World, location_id: int | None, start: datetime | None, end: datetime | None
) -> str:
    if start is None or end is None:
        return "–"
    location = world.locations.get(location_id or 0)
    zone = ZoneInfo((location.timezone if location else None) or "UTC")
    begin, finish = start.astimezone(zone), end.astimezone(zone)
    first = "%a %d %b, %H:%M" if begin.tzname() == finish.tzname() else "%a %d %b, %H:%M %Z"
    last = "%H:%M %Z" if begin.date() == finish.date() else "%a %d %b, %H:%M %Z"
    return f"{begin:{first}} – {finish:{last}}"
