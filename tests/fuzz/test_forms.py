"""Nothing that anybody sends breaks a page: every address, for everyone, with nonsense.

Few examples a run, the same ones each time; FUZZ_EXAMPLES asks for more, then others each time
(`make fuzz`).
"""

import copy
import itertools
import os

import pytest
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings

from tests.access import noted_sessions
from tests.factories import PASSWORD
from tests.fuzz.conftest import some_pk
from tests.fuzz.hostile import NOTHING, Shot, encode, shots
from tests.fuzz.surface import Address, Inputs, addresses, admin_names, form_names, view_names

pytestmark = pytest.mark.django_db

MORE = int(os.environ.get("FUZZ_EXAMPLES", "0"))
EXAMPLES = MORE or 2
BACK_OFFICE = "/back-office/"

# A right value for each name that the portal's forms and views read; {…} is of `things`.
RIGHT = {
    "action": "",
    "any": "",
    "at": "",
    "begin": "10:00",
    "booking": "{booking}",
    "cancelled": "on",
    "charger": "{evse}",
    "code": "000000",
    "confirmed_overlap": "",
    "connector": "",
    "credential": "{{}}",
    "current": "",
    "day": "{day}",
    "do": "",
    "driver": "{driver}",
    "driver_query": "Ana",
    "earliest": "",
    "email": "ana@hudson.example",
    "end": "11:00",
    "evse": "{evse}",
    "favourite": "1",
    "favourites": "",
    "find": "1",
    "fleet": "{fleet}",
    "fresh": "",
    "from": "",
    "from_day": "{day}",
    "from_time": "10:00",
    "heir": "",
    "how": "offer",
    "kind": "",
    "language": "en",
    "latest": "",
    "link": "",
    "min_power": "",
    "minutes": "60",
    "login": "",
    "move": "{move}",
    "name": "Ana",
    "near": "New York",
    "next": "/sites/",
    "note": "Late",
    "oldpassword": PASSWORD,
    "page": "1",
    "password1": "a new battery horse",
    "password2": "a new battery horse",
    "passwordless": "",
    "power": "",
    "q": "a",
    "radius": "",
    "reference": "Job 7",
    "draft": "1",
    "access": "501",
    "reminder_minutes": "60",
    "remember": "on",
    "role": "viewer",
    "scope": "all",
    "seen": "0",
    "select_across": "0",
    "since": "{day}",
    "site": "{site}",
    "start": "{start}",
    "state": "",
    "status": "",
    "submission_key": "{submission_key}",
    "time": "18:00",
    "to": "",
    "twice": "first",
    "undo": "",
    "until": "{day}",
    "until_day": "{day}",
    "until_time": "20:00",
    "v": "",
    "version": "0",
    "view": "",
    "ac_kw": "11",
    "ampeco_type": "",
    "asks_again": "on",
    "back": "",
    "battery_kwh": "75",
    "begins": "18:00",
    "carries_dangerous_goods": "",
    "change_end": "",
    "chargers": "",
    "confirmed_misfit": "",
    "context": "",
    "cost_centre": "4711",
    "dangerous_goods": "",
    "dc_kw": "100",
    "drive_through": "",
    "end_at": "{start}",
    "ends": "20:00",
    "evses": "{evse}",
    "excluded": "",
    "file": "",
    "first_day": "{day}",
    "height_cm": "210",
    "home_site": "{site}",
    "kwh_per_km": "0.2",
    "last_day": "{day}",
    "length_cm": "500",
    "location": "{site}",
    "make": "Ford",
    "max_height_cm": "",
    "max_length_cm": "",
    "max_power": "",
    "max_weight_kg": "",
    "max_width_cm": "",
    "may_overlap": "",
    "message": "Late",
    "model": "Transit",
    "most": "5",
    "needs_drive_through": "",
    "needs_refrigeration": "",
    "number": "Van-7",
    "order": "",
    "plate": "HPF-1",
    "plugs": "ccs2",
    "refrigeration_outlet": "",
    "reserve_percent": "10",
    "retired": "",
    "row": "",
    "send": "",
    "sort": "",
    "start_at": "{start}",
    "text": "",
    "usual_driver": "{driver}",
    "vehicle": "{vehicle}",
    "vehicle_query": "Van",
    "vehicle_types": "",
    "vehicles": "{vehicle}",
    "vin": "",
    "weekdays": "0",
    "weeks": "2",
    "weight_kg": "3500",
    "what": "broken",
    "width_cm": "200",
    "without_holidays": "",
}
# Read by the back office, whose own forms have them on their pages.
OF_THE_BACK_OFFICE = {
    "is_staff",
    "is_active",
    "is_superuser",
    "groups",
    "password",
    "role",
    "team_role",
}

# Where an address' argument comes from, by how its name begins: `things`, or a literal.
ARGUMENTS = {
    "sites:": "{site}",
    "calendars:revoke": "{feed}",
    "bookings:cancelled_together": "{batch}",
    "bookings:": "{booking}",
    "batches:like": "{booking}",
    "batches:": "{table}",
    "imports:": "csv",
    "limits:": "{limit}",
    "series:": "{series}",
    "vehicles:": "{vehicle}",
    "driver-page:": "{secret}",
    "calendar-feed": "{feed_secret}",
    "waiting:offer": "{offer}",
    "waiting:let_pass": "{offer}",
    "waiting:": "{wish}",
    "team:send_again": "{invitation}",
    "team:revoke": "{invitation}",
    "team:": "{member}",
    "report-mail-stop": "{stop_secret}",
    "team-invitation": "{invitation_secret}",
    "admin:app_list": "bookings",
    "": "1",
}
# Not opened by any of the people: what needs METRICS_TOKEN or PORTAL_COLOR, which are not set here.
CLOSED = {"/metrics", "/theme.css"}

PARTS = {
    part: list(found)
    for part, found in itertools.groupby(
        sorted(addresses(), key=lambda each: each.template),
        key=lambda each: "/".join(
            each.template.split("/")[: 3 if BACK_OFFICE in each.template else 2]
        ),
    )
}


def test_every_name_that_is_read_has_a_right_value():
    assert (form_names() | view_names()) - set(RIGHT) - OF_THE_BACK_OFFICE == set()


@pytest.mark.parametrize("part", PARTS)
def test_nothing_breaks_a_page(part, clients, things, subtests):
    for address in PARTS[part]:
        with subtests.test(address.template):
            _fire_at(address, clients, things)


def _fire_at(address: Address, clients: dict[str, Client], things: dict[str, str]) -> None:
    path = path_of(address, things)
    if path.startswith(BACK_OFFICE) and not MORE:
        # `test_the_back_office_is_for_staff_alone` sees to it that nobody else gets further.
        clients = {name: clients[name] for name in ("anonymous", "staff")}
    fields = {name: [value.format(**things)] for name, value in RIGHT.items()}
    noted = noted_sessions(*clients.values())
    inside = []
    for client in clients.values():
        page = fire(client, "GET", path, fields, NOTHING)
        if page.status_code in {200, 302, 405} and not _leads_to_log_in(page):
            inside.append(client)
        if page.status_code == 200 and "html" in page.get("Content-Type", ""):
            # What the forms of the page itself have in them is right for it as well.
            found = Inputs(page.content.decode()).fields
            fields |= {name: [value] for name, value in found.items()}
    assert inside or path in CLOSED, "Nobody can open it: `things` or ARGUMENTS are wrong."
    names = sorted({*fields, *(admin_names() if path.startswith(BACK_OFFICE) else ())})
    # With few examples each goes to one of those whom the page lets in, else to everyone.
    turns = itertools.cycle(inside or clients.values())

    @settings(
        max_examples=EXAMPLES,
        derandomize=not MORE,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink] if MORE else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(shots(names))
    def breaks_nothing(shot: Shot) -> None:
        # How often somebody may try to log in is kept in there.
        cache.clear()
        cache.set_many(noted)
        at = path_of(address, things, shot.argument)
        for client in clients.values() if MORE else [next(turns)]:
            for method in ("GET", "POST"):
                fire(client, method, at, fields, shot)

    breaks_nothing()


def path_of(address: Address, things: dict[str, str], argument: str | None = None) -> str:
    """Return an address with its arguments, or with a wrong one."""
    if argument is None and address.arguments:
        if address.template.startswith(BACK_OFFICE) and address.arguments[0] in {"object_id", "id"}:
            app_label, model = address.template.removeprefix(BACK_OFFICE).split("/")[:2]
            argument = some_pk(app_label, model)
        else:
            beginning = next(key for key in ARGUMENTS if address.name.startswith(key))
            argument = ARGUMENTS[beginning].format(**things)
        named = dict.fromkeys(address.arguments, argument)
        others = {"evse_pk": things["evse"], "row_pk": things["row"], "which": "yesterday"}
        if address.template.startswith("/bookings/tables/site/"):
            others["pk"] = things["site"]
        return address.template % (named | others)
    return address.template % dict.fromkeys(address.arguments, argument)


def fire(
    client: Client, method: str, path: str, fields: dict[str, list[str]], shot: Shot
) -> HttpResponse:
    """Send a shot, whose changes here and in the browser are undone; return the answer.

    An exception that a page does not handle comes out of here.
    """
    sent = encode(fields | shot.changes)
    query = shot.query if shot.query is not None else sent if method == "GET" else ""
    content_type, body = shot.body or ("application/x-www-form-urlencoded", sent.encode())
    extra = {f"HTTP_{name.upper().replace('-', '_')}": it for name, it in shot.headers.items()}
    cookies = copy.deepcopy(client.cookies)
    with transaction.atomic():
        answer = client.generic(
            method,
            path,
            body if method == "POST" else b"",
            content_type,
            QUERY_STRING=query,
            **extra,
        )
        shown = answer.getvalue()
        transaction.set_rollback(True)
    client.cookies = cookies
    assert answer.status_code < 500, f"{method} {path} answered with {answer.status_code}."
    assert b"Traceback (most recent call last)" not in shown
    return answer


def _leads_to_log_in(answer: HttpResponse) -> bool:
    return answer.headers.get("Location", "").startswith("/account/login/?")
