"""What chargers were told from afar: a page of the desk, and strings that tests pull."""

from dataclasses import asdict
from itertools import islice
from typing import Any

from markupsafe import Markup
from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from sandbox.api import payloads
from sandbox.api.errors import Invalid
from sandbox.api.filters import body_of, required_id
from sandbox.desk.pages import form, page, table
from sandbox.world.control import ERROR_CODES, OUTCOMES, Told
from sandbox.world.world import World

SHOWN = 50
IN_WORDS = {"done": "done", "lost": "done, but the answer is lost", "unanswered": "no answer"}


def show(world: World) -> Response:
    """Show what was told last, and let somebody say what comes of what is told next."""
    with world.lock:
        world.tick()
        rows: list[list[object]] = [
            [
                told.what,
                world.evses[told.evse_id].physical_reference,
                f"{told.booking_id or '–'}",
                f"{told.session_id or '–'}",
                f"{told.at:%a %d %b %Y, %H:%M:%S} UTC",
                IN_WORDS.get(told.outcome, told.outcome),
            ]
            for told in islice(reversed(world.told), SHOWN)
        ]
        planned: list[list[object]] = [
            [world.evses[pk].physical_reference, ", ".join(outcomes)]
            for pk, outcomes in world.control_plans.items()
            if outcomes
        ]
        content = Markup("<section>{}</section><section>{}{}</section>").format(
            table(
                "What chargers were told",
                ["Action", "Charger", "Booking", "Session", "When", "Outcome"],
                rows,
                empty="Nothing yet.",
            ),
            table("Planned", ["Charger", "What comes next"], planned, empty="Nothing is planned."),
            _planner(world),
        )
    return page("Remote control", content, current="remote", renewed=True)


def plan(world: World, evse_id: int, outcome: str) -> None:
    """Let the next thing that an EVSE is told come to this; nonsense changes nothing."""
    if outcome in OUTCOMES:
        world.control_plans.setdefault(evse_id, []).append(outcome)


def _planner(world: World) -> Markup:
    chargers = Markup("").join(
        Markup('<option value="{}">{}</option>').format(evse.id, evse.physical_reference)
        for evse in world.evses.values()
    )
    outcomes = Markup("").join(
        Markup('<option value="{}">{}</option>').format(name, IN_WORDS.get(name, name))
        for name in ("unanswered", "lost", "refused", *ERROR_CODES)
    )
    inside = Markup(
        '<label>Charger <select name="id">{}</select></label> '
        '<label>comes to <select name="outcome">{}</select></label>'
    ).format(chargers, outcomes)
    return form("Plan", inside=inside, what="remote")


def _told(world: World, request: Request) -> Any:
    if request.method == "POST":
        body = body_of(request)
        evse_id, outcomes = required_id(body, "evseId"), body.get("outcomes")
        if not isinstance(outcomes, list) or not OUTCOMES.issuperset(outcomes):
            raise Invalid({"outcomes": ["These must be outcomes that there are."]})
        world.control_plans[world.evses[evse_id].id] = list(outcomes)
    return [_as_json(each) for each in world.told]


def _as_json(told: Told) -> dict[str, Any]:
    return asdict(told) | {"at": payloads.instant(told.at)}


RULES = [Rule("/control/remote", methods=["GET", "POST"], endpoint=_told)]
