"""The operator's desk: where a person decides requests, breaks chargers and moves the clock."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from sandbox.faults import KINDS
from sandbox.pages import button, page, table
from sandbox.records import Booking, Location
from sandbox.records import Request as Asked
from sandbox.world import World

SHOWN = 20
# A person may be typing a reason: the page is renewed only while nothing waits.
REFRESH = '<meta http-equiv="refresh" content="5">'


def show_desk(world: World) -> Response:
    """Show what waits for a decision, what was decided, bookings, the clock and the faults."""
    with world.lock:
        world.tick()
        pending = [world.requests[pk] for pk in sorted(world.undecided)]
        recent = [each for each in reversed(world.requests.values()) if each.status != "pending"]
        bookings = sorted(
            (each for each in world.bookings.values() if each.user_id is not None),
            key=lambda each: each.id,
            reverse=True,
        )
        waiting = (
            "Requests wait here until you decide."
            if world.manual
            else f"Requests are decided by themselves after {world.decision_delay:g} seconds."
        )
        content = Markup("{}{}{}{}{}").format(
            _section(
                "Waiting for a decision",
                Markup("<p>{} {}</p>{}").format(
                    waiting, _mode_buttons(world), _pending(world, pending)
                ),
            ),
            _section("Decided", _decided(world, recent[:SHOWN])),
            _section("Bookings", _bookings(world, bookings[:SHOWN])),
            _section("Clock", _clock(world)),
            _section("Faults", _faults(world)),
        )
    return page("Operator's desk", content, current="desk", head="" if pending else REFRESH)


def show_chargers(world: World) -> Response:
    """Show all EVSEs by site, with a button to put each out of order or back into service."""
    with world.lock:
        sections = [
            _section(
                next(iter(location.name.values())),
                table(
                    ["Charger", "Label", "Status", "Action"],
                    [
                        [
                            evse.physical_reference,
                            evse.label,
                            evse.status,
                            button(
                                "Put out of order", what="evse", id=evse.id, status="out of order"
                            )
                            if evse.status == "enabled"
                            else button(
                                "Back into service", what="evse", id=evse.id, status="enabled"
                            ),
                        ]
                        for evse in world.evses_at(location)
                    ],
                    empty="No chargers.",
                ),
            )
            for location in list(world.locations.values())[:200]
        ]
    return page("Chargers", Markup("").join(sections), current="chargers")


def do(world: World, request: Request) -> Response:
    """Carry out what a button of the desk asks for, and go back to the page it was on."""
    form = request.form
    back = "/"
    with world.lock:
        match form.get("what"):
            case "approve" if asked := _asked(world, form.get("id")):
                world.decide(asked)
            case "reject" if asked := _asked(world, form.get("id")):
                reason = form.get("reason", "").strip()
                world.reject(asked, reason or "The operator cannot offer this slot.")
            case "mode":
                world.manual = form.get("manual") == "yes"
                world.save()
            case "clock":
                _move_clock(world, form.get("hours", ""))
            case "evse" if form.get("id", "").isdecimal() and int(form["id"]) in world.evses:
                world.set_evse_status(int(form["id"]), form.get("status", "enabled"))
                back = "/chargers"
            case "booking" if form.get("id", "").isdecimal() and int(form["id"]) in world.bookings:
                _change_booking(world, world.bookings[int(form["id"])], form.get("change", ""))
            case "fault" if form.get("kind") in KINDS:
                world.faults.add(form["kind"], count=int(form.get("count") or 5), seconds=3.0)
            case "no-faults":
                world.faults.clear()
    return redirect(back, code=303)


def _asked(world: World, pk: str | None) -> Asked | None:
    return world.requests.get(int(pk)) if pk and pk.isdecimal() else None


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


def _mode_buttons(world: World) -> Markup:
    if world.manual:
        return button("Decide by themselves", what="mode", manual="no")
    return button("Decide by hand", what="mode", manual="yes")


def _pending(world: World, requests: list[Asked]) -> Markup:
    rows: list[list[object]] = [
        [
            f"{asked.id} ({asked.type})",
            _driver(world, asked.user_id),
            _where(world, asked),
            _when(world, asked.location_id, asked.start_at, asked.end_at),
            Markup("{}{}").format(
                button("Approve", what="approve", id=asked.id),
                Markup(
                    '<form method="post" action="/do">'
                    '<input type="hidden" name="what" value="reject">'
                    '<input type="hidden" name="id" value="{0}"><label>Reason <input name="reason" '
                    'maxlength="300" placeholder="The charger is being serviced."></label>'
                    "<button>Reject</button></form>"
                ).format(asked.id),
            ),
        ]
        for asked in requests
    ]
    return table(["Request", "Driver", "Where", "When", "Decision"], rows, empty="Nothing waits.")


def _decided(world: World, requests: list[Asked]) -> Markup:
    rows: list[list[object]] = [
        [
            f"{asked.id} ({asked.type})",
            _driver(world, asked.user_id),
            _where(world, asked),
            _when(world, asked.location_id, asked.start_at, asked.end_at),
            asked.status if not asked.reason else f"{asked.status}: {asked.reason}",
        ]
        for asked in requests
    ]
    return table(["Request", "Driver", "Where", "When", "Outcome"], rows, empty="None yet.")


def _bookings(world: World, bookings: list[Booking]) -> Markup:
    rows: list[list[object]] = [
        [
            booking.id,
            _driver(world, booking.user_id),
            world.evses[booking.evse_id].physical_reference,
            _when(world, booking.location_id, booking.start_at, booking.end_at),
            booking.status,
            Markup("").join(
                button(label, what="booking", id=booking.id, change=change)
                for label, change in (
                    ("Cancel", "cancelled"),
                    ("An hour later", "move"),
                    ("No-show", "no-show"),
                )
            )
            if booking.holds
            else "",
        ]
        for booking in bookings
    ]
    return table(
        ["Booking", "Driver", "Charger", "When", "Status", "Action"], rows, empty="None yet."
    )


def _clock(world: World) -> Markup:
    now = world.clock.now()
    return Markup("<p>The operator's clock shows {} UTC.</p>{}{}{}").format(
        now.strftime("%a %d %b %Y, %H:%M"),
        button("An hour on", what="clock", hours=1),
        button("A day on", what="clock", hours=24),
        button("Real time again", what="clock", hours=0),
    )


def _faults(world: World) -> Markup:
    options = Markup("").join(Markup("<option>{}</option>").format(kind) for kind in KINDS)
    active = table(
        ["Fault", "Calls hit", "Calls left"],
        [
            [fault.kind, fault.hits, "all" if fault.count is None else fault.count - fault.hits]
            for fault in world.faults.active
        ],
        empty="All is well.",
    )
    return Markup(
        '{}<form method="post" action="/do"><input type="hidden" name="what" value="fault">'
        '<label>Fault <select name="kind">{}</select></label> <label>for the next <input '
        'type="number" name="count" value="5" min="1" max="1000"> calls</label>'
        "<button>Switch on</button></form>{}"
    ).format(active, options, button("Switch all off", what="no-faults"))


def _driver(world: World, user_id: int | None) -> str:
    user = world.users.get(user_id or 0)
    return f"{user.first_name} {user.last_name}" if user else "–"


def _location(world: World, location_id: int | None) -> Location | None:
    return world.locations.get(location_id or 0)


def _where(world: World, asked: Asked) -> str:
    location = _location(world, asked.location_id)
    name = next(iter(location.name.values())) if location else f"booking {asked.booking_id}"
    if asked.evse_id:
        return f"{name}, {world.evses[asked.evse_id].physical_reference}"
    return f"{name}, any charger that fits" if location else name


def _when(
    world: World, location_id: int | None, start: datetime | None, end: datetime | None
) -> str:
    if start is None or end is None:
        return "–"
    location = _location(world, location_id)
    zone = ZoneInfo((location.timezone if location else None) or "UTC")
    begin, finish = start.astimezone(zone), end.astimezone(zone)
    return f"{begin:%a %d %b, %H:%M} – {finish:%a %H:%M %Z}"
