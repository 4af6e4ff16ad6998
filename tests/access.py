"""Every address of the portal, and how it answers to every kind of person.

One person goes through the whole table in one test: each request on a savepoint that is rolled
back.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse

from accounts.session_store import digest_of
from accounts.sessions import _seen_key

# Who holds a driver's link has opened it, and has no log-in; a stranger manages another fleet.
PEOPLE = ("anonymous", "driver", "nobody", "staff", "stranger", "viewer", "manager", "admin")
MEMBERS = {"viewer", "manager", "admin"}
LOGIN, BACK_OFFICE = "log-in", "back office"


class Entry(NamedTuple):
    """How an address answers to each of PEOPLE; `path` and `data` are completed by `things`."""

    method: str
    path: str
    data: dict[str, str]
    answers: tuple[int | str, ...]


def page(method: str, path: str, data: dict[str, str] | None = None, **answers: int) -> Entry:
    """Return a page for members of a fleet: others log in, get no fleet, or the back office.

    An admin gets what a manager gets, unless it is said.
    """
    members = (answers["viewer"], answers["manager"], answers.get("admin", answers["manager"]))
    given = (LOGIN, LOGIN, 403, BACK_OFFICE, answers["stranger"], *members)
    return Entry(method, path, data or {}, given)


def for_admins(method: str, path: str, answer: int, data: dict[str, str] | None = None) -> Entry:
    """Return what a fleet's admin alone may do, about what is the fleet's own."""
    no = {"stranger": 403, "viewer": 403, "manager": 403}
    return page(method, path, data, **no, admin=answer)


def known_alike(method: str, path: str, anonymous: int | str, known: int | str) -> Entry:
    """Return a page that asks for no fleet: it knows whether somebody is logged in, if at all."""
    return Entry(method, path, {}, (anonymous, anonymous, *(known,) * 6))


def open_to_all(path: str, anonymous: int, known: int) -> Entry:
    """Return a page of log-in, password and health."""
    return known_alike("get", path, anonymous, known)


def own_account(path: str, known: int, method: str = "get") -> Entry:
    """Return a page about somebody's own log-in."""
    return known_alike(method, path, LOGIN, known)


def by_secret(method: str, path: str, answer: int) -> Entry:
    """Return a page that a secret in its address opens, whoever asks: it shows one booking."""
    return known_alike(method, path, answer, answer)


def never_asked(method: str, path: str, answer: int) -> Entry:
    """Return an address of other platforms, which asks nobody who they are, nor for a page's token.

    What is not signed is nothing to it.
    """
    return known_alike(method, path, answer, answer)


# In a path, what tells a page that shows “Our job 7” and its driver to whoever knows the address.
SECRETS = ("{link}", "{feed}")
SLOT = {"site": "{site}", "evse": "{evse}", "start": "{start}", "minutes": "60"}
FORM = SLOT | {"driver": "{driver}", "submission_key": "{key}"}
CHANGE = {
    "day": "{day}",
    "time": "12:00",
    "minutes": "60",
    "driver": "{driver}",
    "submission_key": "{key}",
    "version": "0",
}
ENTRIES: dict[str, list[Entry]] = {
    "hooks:ampeco": [
        never_asked("get", "/hooks/ampeco", 405),
        never_asked("post", "/hooks/ampeco", 401),
    ],
    "hooks:ampcontrol": [
        never_asked("get", "/hooks/ampcontrol/n-1", 405),
        never_asked("post", "/hooks/ampcontrol/n-1", 401),
    ],
    "hooks:other": [
        never_asked("get", "/hooks/ampeco/", 405),
        never_asked("post", "/hooks/anything/else", 401),
    ],
    "home": [page("get", "/", stranger=200, viewer=200, manager=200)],
    "search": [page("get", "/search/", {"q": "a"}, stranger=200, viewer=200, manager=200)],
    "sites:list": [page("get", "/sites/", stranger=200, viewer=200, manager=200)],
    "sites:detail": [page("get", "/sites/{site}/", stranger=404, viewer=200, manager=200)],
    "sites:availability": [
        page("get", "/sites/{site}/availability/", stranger=404, viewer=200, manager=200)
    ],
    "sites:day": [page("get", "/sites/{site}/day/", stranger=404, viewer=200, manager=200)],
    "sites:charger_week": [
        page("get", "/sites/{site}/chargers/{evse}/week/", stranger=404, viewer=200, manager=200)
    ],
    # What the operator's line says of it.
    "sites:power": [page("get", "/sites/{site}/power/", stranger=404, viewer=200, manager=200)],
    "sites:map": [page("get", "/sites/map.json", stranger=200, viewer=200, manager=200)],
    "sites:favourite": [
        page(
            "post",
            "/sites/{site}/favourite/",
            {"favourite": "1"},
            stranger=404,
            viewer=302,
            manager=302,
        ),
        page("get", "/sites/{site}/favourite/", stranger=405, viewer=405, manager=405),
    ],
    "bookings:list": [page("get", "/bookings/", stranger=200, viewer=200, manager=200)],
    "bookings:new": [
        page("get", "/bookings/new/", SLOT, stranger=404, viewer=403, manager=200),
        page("post", "/bookings/new/", FORM, stranger=404, viewer=403, manager=302),
    ],
    "bookings:slot_price": [
        page("get", "/bookings/new/price/", SLOT, stranger=404, viewer=403, manager=200)
    ],
    "bookings:cheaper": [
        page("get", "/bookings/new/cheaper/", SLOT, stranger=404, viewer=403, manager=200)
    ],
    "bookings:slot_alternatives": [
        page("get", "/bookings/new/alternatives/", SLOT, stranger=404, viewer=403, manager=200)
    ],
    "bookings:alternatives": [
        page("get", "/bookings/{booking}/alternatives/", stranger=404, viewer=403, manager=200)
    ],
    "bookings:move": [
        page("get", "/bookings/{booking}/move/", stranger=404, viewer=403, manager=200)
    ],
    "bookings:detail": [page("get", "/bookings/{booking}/", stranger=404, viewer=200, manager=200)],
    "bookings:status": [
        page("get", "/bookings/{booking}/status/", stranger=404, viewer=200, manager=200)
    ],
    "bookings:dismiss": [
        page("post", "/bookings/{booking}/dismiss/", stranger=404, viewer=403, manager=302),
        page("get", "/bookings/{booking}/dismiss/", stranger=405, viewer=403, manager=405),
    ],
    "bookings:change": [
        page("get", "/bookings/{booking}/change/", stranger=404, viewer=403, manager=200),
        page("post", "/bookings/{booking}/change/", CHANGE, stranger=404, viewer=403, manager=302),
    ],
    "bookings:vehicle_options": [
        page("get", "/bookings/new/vehicles/", SLOT, stranger=404, viewer=403, manager=200)
    ],
    "bookings:vehicle": [
        page("get", "/bookings/{booking}/vehicle/", stranger=404, viewer=403, manager=200),
        page(
            "post",
            "/bookings/{booking}/vehicle/",
            {"vehicle": "", "version": "0"},
            stranger=404,
            viewer=403,
            manager=302,
        ),
    ],
    # It is not running: another end cannot be had yet.
    "bookings:end": [
        page("get", "/bookings/{booking}/end/", stranger=404, viewer=403, manager=409),
        page("post", "/bookings/{booking}/end/", stranger=404, viewer=403, manager=409),
    ],
    "bookings:other_charger": [
        page("get", "/bookings/{booking}/other-charger/", stranger=404, viewer=403, manager=200),
        page("post", "/bookings/{booking}/other-charger/", stranger=404, viewer=403, manager=200),
    ],
    "bookings:evidence": [
        page("get", "/bookings/{booking}/evidence/", stranger=404, viewer=200, manager=200)
    ],
    "bookings:cancel": [
        page("get", "/bookings/{booking}/cancel/", stranger=404, viewer=403, manager=200),
        page(
            "post",
            "/bookings/{booking}/cancel/",
            {"version": "0"},
            stranger=404,
            viewer=403,
            manager=302,
        ),
    ],
    "bookings:cancel_many": [
        page(
            method,
            "/bookings/cancel/",
            {"booking": "{booking}", "seen": "{booking}.0"},
            stranger=302,
            viewer=403,
            **done,
        )
        for method, done in (("get", {"manager": 200}), ("post", {"manager": 302}))
    ],
    "bookings:cancelled_together": [
        page("get", "/bookings/cancelled/{batch}/", stranger=404, viewer=403, manager=200)
    ],
    "bookings:calendar": [
        page("get", "/bookings/{booking}/calendar.ics", stranger=404, viewer=200, manager=200)
    ],
    "bookings:revoke_link": [
        page("post", "/bookings/{booking}/revoke-link/", stranger=404, viewer=403, manager=302),
        page("get", "/bookings/{booking}/revoke-link/", stranger=405, viewer=403, manager=405),
    ],
    "bookings:export": [page("get", "/bookings/export.csv", stranger=200, viewer=200, manager=200)],
    "bookings:export_workbook": [
        page("get", "/bookings/export.xlsx", stranger=200, viewer=200, manager=200)
    ],
    "bookings:fleet_calendar": [
        page("get", "/bookings/calendar/", stranger=200, viewer=200, manager=200),
        page("get", "/bookings/calendar/?view=month", stranger=200, viewer=200, manager=200),
    ],
    "batches:list": [page("get", "/bookings/tables/", stranger=200, viewer=200, manager=200)],
    "batches:table": [
        page("get", "/bookings/tables/{draft}/", stranger=404, viewer=200, manager=200),
        page("get", "/bookings/tables/{sent}/", stranger=404, viewer=200, manager=200),
    ],
    "batches:vehicles": [
        page("get", "/bookings/tables/vehicles/", stranger=200, viewer=403, manager=200)
    ],
    "batches:many": [
        page("get", "/bookings/tables/site/{site}/", stranger=404, viewer=403, manager=200),
        page("post", "/bookings/tables/site/{site}/", stranger=404, viewer=403, manager=200),
    ],
    "batches:block": [
        page("get", "/bookings/tables/site/{site}/block/", stranger=404, viewer=403, manager=200),
        page(
            "post",
            "/bookings/tables/site/{site}/block/",
            SLOT,
            stranger=404,
            viewer=403,
            manager=302,
        ),
    ],
    "batches:copy": [
        page(
            "post",
            "/bookings/tables/site/{site}/copy/yesterday/",
            stranger=404,
            viewer=403,
            manager=302,
        )
    ],
    "batches:like": [
        page("post", "/bookings/tables/like/{booking}/", stranger=404, viewer=403, manager=302)
    ],
    "batches:send": [
        page(
            "post",
            "/bookings/tables/{draft}/send/",
            {"version": "0"},
            stranger=404,
            viewer=403,
            manager=302,
        )
    ],
    "batches:again": [
        page("post", "/bookings/tables/{sent}/again/", stranger=404, viewer=403, manager=302)
    ],
    "batches:name": [
        page("post", "/bookings/tables/{draft}/name/", stranger=404, viewer=403, manager=302)
    ],
    "batches:discard": [
        page("post", "/bookings/tables/{draft}/discard/", stranger=404, viewer=403, manager=302)
    ],
    "batches:all": [
        page("post", "/bookings/tables/{draft}/all/", stranger=404, viewer=403, manager=302)
    ],
    "batches:without": [
        page("post", "/bookings/tables/{draft}/without/", stranger=404, viewer=403, manager=302)
    ],
    "batches:row": [
        page("get", "/bookings/tables/{draft}/rows/{row}/", stranger=404, viewer=403, manager=200),
        page("post", "/bookings/tables/{draft}/rows/{row}/", stranger=404, viewer=403, manager=200),
    ],
    "batches:leave_out": [
        page(
            "post",
            "/bookings/tables/{draft}/rows/{row}/out/",
            stranger=404,
            viewer=403,
            manager=302,
        )
    ],
    "batches:alternatives": [
        page(
            "get",
            "/bookings/tables/{sent}/rows/{refused}/alternatives/",
            stranger=404,
            viewer=403,
            manager=200,
        )
    ],
    "calendars:feeds": [
        page("get", "/bookings/feeds/", stranger=200, viewer=200, manager=200),
        page("post", "/bookings/feeds/", {"scope": "all"}, stranger=302, viewer=403, manager=302),
    ],
    "calendars:revoke": [
        page("post", "/bookings/feeds/{feed_pk}/revoke/", stranger=404, viewer=403, manager=302),
        page("get", "/bookings/feeds/{feed_pk}/revoke/", stranger=405, viewer=403, manager=405),
    ],
    "notifications:settings": [
        page("get", "/bookings/notices/", stranger=200, viewer=200, manager=200),
        page("post", "/bookings/notices/", stranger=200, viewer=403, manager=200),
    ],
    "notifications:sent": [page("get", "/bookings/sent/", stranger=200, viewer=200, manager=200)],
    "charging:list": [
        page("get", "/charging/", stranger=200, viewer=200, manager=200),
        page("get", "/charging/?driver_key={driver}", stranger=200, viewer=200, manager=200),
    ],
    **{
        f"charging:by_{name}": [
            page("get", f"/charging/by-{path}/", stranger=200, viewer=200, manager=200)
        ]
        for name, path in (
            ("driver", "driver"),
            ("vehicle", "vehicle"),
            ("site", "site"),
            ("cost_centre", "cost-centre"),
            ("month", "month"),
        )
    },
    "charging:export": [page("get", "/charging/export.csv", stranger=200, viewer=200, manager=200)],
    "charging:detail": [
        page("get", "/charging/{charging}/", stranger=404, viewer=200, manager=200)
    ],
    # Without a receipt it leads back to the session.
    "charging:receipt": [
        page("get", "/charging/{charging}/receipt/", stranger=404, viewer=302, manager=302)
    ],
    "charging:assign": [
        page("get", "/charging/assign/", stranger=200, viewer=403, manager=200),
        page("get", "/charging/assign/?session={charging}", stranger=404, viewer=403, manager=200),
        page(
            "post",
            "/charging/assign/",
            {"session": "{charging}", "reference": "Ours", "cost_centre": "0"},
            stranger=404,
            viewer=403,
            manager=302,
        ),
    ],
    "charging:cost_centres": [
        page("get", "/charging/cost-centres/", stranger=200, viewer=200, manager=200)
    ],
    "charging:add_cost_centre": [
        page(
            "post",
            "/charging/cost-centres/add/",
            {"cost_centre": "CC 99"},
            stranger=302,
            viewer=403,
            manager=302,
        ),
        page("get", "/charging/cost-centres/add/", stranger=302, viewer=403, manager=302),
    ],
    "charging:change_cost_centre": [
        page(
            "get",
            "/charging/cost-centres/{cost_centre}/",
            stranger=404,
            viewer=403,
            manager=200,
        ),
        page(
            "post",
            "/charging/cost-centres/{cost_centre}/",
            {"cost_centre": "CC 98"},
            stranger=404,
            viewer=403,
            manager=302,
        ),
    ],
    "charging:retire_cost_centre": [
        page(
            "post",
            "/charging/cost-centres/{cost_centre}/retire/",
            stranger=404,
            viewer=403,
            manager=302,
        ),
        page(
            "get",
            "/charging/cost-centres/{cost_centre}/retire/",
            stranger=405,
            viewer=403,
            manager=405,
        ),
    ],
    "charging:budgets": [page("get", "/charging/budgets/", stranger=200, viewer=200, manager=200)],
    "charging:add_budget": [
        for_admins(
            "post",
            "/charging/budgets/add/",
            302,
            {"amount": "100", "currency": "USD", "warn_percent": "80"},
        ),
        for_admins("get", "/charging/budgets/add/", 302),
    ],
    "charging:change_budget": [
        for_admins("get", "/charging/budgets/{budget}/", 200),
        for_admins(
            "post", "/charging/budgets/{budget}/", 302, {"amount": "100", "warn_percent": "80"}
        ),
        # Another fleet's.
        for_admins("get", "/charging/budgets/{other_budget}/", 404),
    ],
    "charging:remove_budget": [
        for_admins("post", "/charging/budgets/{budget}/remove/", 302),
        for_admins("get", "/charging/budgets/{budget}/remove/", 405),
        for_admins("post", "/charging/budgets/{other_budget}/remove/", 404),
    ],
    "drivers:list": [page("get", "/drivers/", stranger=200, viewer=200, manager=200)],
    "drivers:add": [
        page("post", "/drivers/add/", {"email": ""}, stranger=200, viewer=403, manager=200),
        page("get", "/drivers/add/", stranger=302, viewer=403, manager=302),
    ],
    "drivers:options": [
        page(
            "get",
            "/drivers/options/",
            {"driver": "{driver}"},
            stranger=200,
            viewer=200,
            manager=200,
        )
    ],
    "drivers:detail": [page("get", "/drivers/{driver}/", stranger=404, viewer=200, manager=200)],
    "drivers:switch_fleet": [
        Entry(
            "post",
            "/drivers/fleet/",
            {"fleet": "{fleet}"},
            (LOGIN, LOGIN, 404, 404, 404, 302, 302, 302),
        ),
        own_account("/drivers/fleet/", 405),
    ],
    "vehicles:list": [page("get", "/vehicles/", stranger=200, viewer=200, manager=200)],
    "vehicles:detail": [page("get", "/vehicles/{vehicle}/", stranger=404, viewer=200, manager=200)],
    "vehicles:now": [
        page("get", "/vehicles/{vehicle}/now/", stranger=404, viewer=200, manager=200),
    ],
    "vehicles:session": [
        page(
            "get",
            "/vehicles/{vehicle}/sessions/{charged}/",
            stranger=404,
            viewer=200,
            manager=200,
        ),
        # Another fleet's vehicle's, under the address of one of their own.
        page(
            "get",
            "/vehicles/{vehicle}/sessions/{other_charged}/",
            stranger=404,
            viewer=404,
            manager=404,
        ),
    ],
    "vehicles:add": [
        page("get", "/vehicles/add/", stranger=200, viewer=403, manager=200),
        page("post", "/vehicles/add/", {"number": "Van 99"}, stranger=302, viewer=403, manager=302),
    ],
    "vehicles:change": [
        page("get", "/vehicles/{vehicle}/change/", stranger=404, viewer=403, manager=200),
        page(
            "post",
            "/vehicles/{vehicle}/change/",
            {"number": "Van 98"},
            stranger=404,
            viewer=403,
            manager=302,
        ),
    ],
    "vehicles:retire": [
        page("post", "/vehicles/{vehicle}/retire/", stranger=404, viewer=403, manager=302),
        page("get", "/vehicles/{vehicle}/retire/", stranger=405, viewer=403, manager=405),
    ],
    "departures:many": [
        page("get", "/vehicles/departures/", stranger=200, viewer=403, manager=200),
        page("post", "/vehicles/departures/", stranger=200, viewer=403, manager=200),
        # Another fleet's vehicle is passed over, and not named.
        page(
            "get", "/vehicles/departures/?vehicle={vehicle}", stranger=200, viewer=403, manager=200
        ),
    ],
    "departures:show": [
        page("get", "/vehicles/{vehicle}/departures/", stranger=404, viewer=200, manager=200)
    ],
    "departures:add": [
        page("post", "/vehicles/{vehicle}/departures/add/", stranger=404, viewer=403, manager=200),
        page("get", "/vehicles/{vehicle}/departures/add/", stranger=404, viewer=403, manager=302),
    ],
    "departures:week": [
        page("post", "/vehicles/{vehicle}/departures/week/", stranger=404, viewer=403, manager=302),
        page("get", "/vehicles/{vehicle}/departures/week/", stranger=404, viewer=403, manager=302),
    ],
    "departures:replace": [
        page(
            "post",
            "/vehicles/{vehicle}/departures/replace/",
            stranger=404,
            viewer=403,
            manager=302,
        ),
        page(
            "get", "/vehicles/{vehicle}/departures/replace/", stranger=405, viewer=403, manager=405
        ),
    ],
    "departures:change": [
        page(
            "get",
            "/vehicles/{vehicle}/departures/{departure}/",
            stranger=404,
            viewer=403,
            manager=200,
        ),
        page(
            "post",
            "/vehicles/{vehicle}/departures/{departure}/",
            stranger=404,
            viewer=403,
            manager=200,
        ),
        # Another vehicle's.
        page(
            "get",
            "/vehicles/{vehicle}/departures/{other_departure}/",
            stranger=404,
            viewer=403,
            manager=404,
        ),
    ],
    "departures:cancel": [
        page(
            "post",
            "/vehicles/{vehicle}/departures/{departure}/cancel/",
            {"version": "0"},
            stranger=404,
            viewer=403,
            manager=302,
        ),
        page(
            "post",
            "/vehicles/{vehicle}/departures/{other_departure}/cancel/",
            {"version": "0"},
            stranger=404,
            viewer=403,
            manager=404,
        ),
    ],
    "departures:state_of_charge": [
        page("get", "/vehicles/{vehicle}/state-of-charge/", stranger=404, viewer=403, manager=200),
        page(
            "post",
            "/vehicles/{vehicle}/state-of-charge/",
            {"percent": "62", "key": "{key}"},
            stranger=404,
            viewer=403,
            manager=302,
        ),
    ],
    "departures:first": [
        page(
            "post",
            "/vehicles/{vehicle}/charge-first/",
            {"session": "{energy_session}", "key": "{key}"},
            stranger=404,
            viewer=403,
            manager=302,
        ),
        page("get", "/vehicles/{vehicle}/charge-first/", stranger=405, viewer=403, manager=405),
    ],
    "imports:bookings": [
        page("get", "/imports/bookings/", stranger=200, viewer=403, manager=200),
        page("post", "/imports/bookings/", {"text": "a"}, stranger=200, viewer=403, manager=200),
    ],
    "imports:bookings_template": [
        page("get", "/imports/bookings/template.csv", stranger=200, viewer=403, manager=200)
    ],
    "imports:vehicles": [
        page("get", "/imports/vehicles/", stranger=200, viewer=403, manager=200),
        page("post", "/imports/vehicles/", {"text": "a"}, stranger=200, viewer=403, manager=200),
    ],
    "imports:vehicles_template": [
        page("get", "/imports/vehicles/template.csv", stranger=200, viewer=403, manager=200)
    ],
    "series:list": [page("get", "/series/", stranger=200, viewer=200, manager=200)],
    "series:new": [
        page("get", "/series/new/", stranger=200, viewer=403, manager=200),
        page("get", "/series/new/?booking={booking}", stranger=404, viewer=403, manager=200),
        page("post", "/series/new/", stranger=200, viewer=403, manager=200),
    ],
    "series:charger_options": [
        page("get", "/series/new/chargers/", stranger=200, viewer=403, manager=200),
    ],
    "series:vehicle_options": [
        page("get", "/series/new/vehicles/", stranger=200, viewer=403, manager=200),
    ],
    "series:detail": [page("get", "/series/{series}/", stranger=404, viewer=200, manager=200)],
    "series:change": [
        page("get", "/series/{series}/change/", stranger=404, viewer=403, manager=200),
        page("post", "/series/{series}/change/", stranger=404, viewer=403, manager=200),
    ],
    "series:cancel": [
        page("get", "/series/{series}/cancel/", stranger=404, viewer=403, manager=200),
        page(
            "post",
            "/series/{series}/cancel/",
            {"scope": "all"},
            stranger=404,
            viewer=403,
            manager=302,
        ),
    ],
    "series:again": [
        page("post", "/series/{series}/again/", stranger=404, viewer=403, manager=302),
        page("get", "/series/{series}/again/", stranger=405, viewer=403, manager=405),
    ],
    "series:take": [
        page("post", "/series/{series}/take/", stranger=404, viewer=403, manager=302),
        page("get", "/series/{series}/take/", stranger=405, viewer=403, manager=405),
    ],
    "remote:panel": [page("get", "/remote/{booking}/", stranger=404, viewer=200, manager=200)],
    # The booking does not run.
    **{
        f"remote:{kind}": [
            page("get", f"/remote/{{booking}}/{kind}/", stranger=404, viewer=403, manager=409),
            page("post", f"/remote/{{booking}}/{kind}/", stranger=404, viewer=403, manager=409),
        ]
        for kind in ("start", "stop", "unlock")
    },
    "waiting:list": [page("get", "/waiting/", stranger=200, viewer=200, manager=200)],
    "waiting:new": [
        page("get", "/waiting/new/?site={site}", stranger=404, viewer=403, manager=200),
        page("post", "/waiting/new/", {"site": "{site}"}, stranger=404, viewer=403, manager=200),
        page("get", "/waiting/new/?booking={booking}", stranger=404, viewer=403, manager=200),
    ],
    "waiting:detail": [page("get", "/waiting/{wish}/", stranger=404, viewer=200, manager=200)],
    "waiting:change": [
        page("get", "/waiting/{wish}/change/", stranger=404, viewer=403, manager=200),
        page("post", "/waiting/{wish}/change/", stranger=404, viewer=403, manager=200),
    ],
    "waiting:cancel": [
        page("post", "/waiting/{wish}/cancel/", stranger=404, viewer=403, manager=302),
        page("get", "/waiting/{wish}/cancel/", stranger=405, viewer=403, manager=405),
    ],
    "waiting:offer": [
        page("get", "/waiting/offers/{offer}/", stranger=404, viewer=403, manager=200),
        page("post", "/waiting/offers/{offer}/", stranger=404, viewer=403, manager=200),
    ],
    "waiting:let_pass": [
        page("post", "/waiting/offers/{offer}/let-pass/", stranger=404, viewer=403, manager=302),
        page("get", "/waiting/offers/{offer}/let-pass/", stranger=405, viewer=403, manager=405),
    ],
    "maintenance:own_chargers": [page("get", "/chargers/", stranger=200, viewer=200, manager=200)],
    "maintenance:charger": [
        page("get", "/chargers/{own_charge_point}/", stranger=404, viewer=200, manager=200)
    ],
    "maintenance:site": [
        page("get", "/chargers/sites/{site}/", stranger=404, viewer=200, manager=200)
    ],
    "limits:rules": [page("get", "/rules/", stranger=200, viewer=200, manager=200)],
    "limits:add": [
        for_admins("post", "/rules/add/", 302, {"kind": "longest", "most": "4"}),
        for_admins("get", "/rules/add/", 302),
    ],
    "limits:drivers": [
        for_admins("post", "/rules/drivers/", 302),
        for_admins("get", "/rules/drivers/", 302),
    ],
    "limits:remove": [
        for_admins("post", "/rules/{rule}/remove/", 302),
        for_admins("get", "/rules/{rule}/remove/", 405),
        # Another fleet's.
        for_admins("post", "/rules/{other_rule}/remove/", 404),
    ],
    "reports:overview": [page("get", "/reports/", stranger=200, viewer=200, manager=200)],
    "reports:topic": [
        page("get", "/reports/no-shows/", stranger=200, viewer=200, manager=200),
        page("get", "/reports/promises/", stranger=404, viewer=404, manager=404),
    ],
    "reports:workbook": [
        page("get", "/reports/report.xlsx", stranger=200, viewer=200, manager=200)
    ],
    "reports:sessions_csv": [
        page("get", "/reports/sessions.csv", stranger=200, viewer=200, manager=200)
    ],
    "reports:table_csv": [
        page("get", "/reports/no-shows/table.csv", stranger=200, viewer=200, manager=200),
        page("get", "/reports/promises/table.csv", stranger=404, viewer=404, manager=404),
    ],
    "reports:mail": [
        for_admins("get", "/reports/mail/", 200),
        for_admins("post", "/reports/mail/", 302, {"email": "new@books.example", "language": "en"}),
    ],
    "reports:mail_end": [
        for_admins("post", "/reports/mail/{recipient}/end/", 302),
        for_admins("get", "/reports/mail/{recipient}/end/", 405),
        # Another fleet's.
        for_admins("post", "/reports/mail/{other_recipient}/end/", 404),
    ],
    "report-mail-stop": [
        by_secret("get", "/report-mail/{stop}/", 200),
        by_secret("post", "/report-mail/{stop}/", 200),
        by_secret("get", "/report-mail/{stop}x/", 404),
    ],
    "team:list": [page("get", "/team/", stranger=200, viewer=200, manager=200)],
    "team:invite": [
        for_admins(
            "post",
            "/team/invite/",
            302,
            {"email": "new@hudson.example", "role": "viewer", "language": "en"},
        ),
        for_admins("get", "/team/invite/", 302),
    ],
    "team:send_again": [
        for_admins("post", "/team/invitations/{invitation_pk}/send/", 302),
        for_admins("get", "/team/invitations/{invitation_pk}/send/", 405),
    ],
    "team:revoke": [
        for_admins("post", "/team/invitations/{invitation_pk}/revoke/", 302),
        for_admins("get", "/team/invitations/{invitation_pk}/revoke/", 405),
    ],
    "team:role": [
        for_admins("post", "/team/members/{member}/role/", 302, {"role": "viewer"}),
        for_admins("get", "/team/members/{member}/role/", 405),
        # Nobody of this team.
        for_admins("post", "/team/members/{stranger}/role/", 404, {"role": "viewer"}),
    ],
    "team:remove": [
        for_admins("get", "/team/members/{member}/remove/", 200),
        for_admins("post", "/team/members/{member}/remove/", 302),
        for_admins("post", "/team/members/{stranger}/remove/", 404),
    ],
    "team:leave": [
        page("get", "/team/leave/", stranger=200, viewer=200, manager=200),
        # The only admin stays, and reads why.
        page("post", "/team/leave/", stranger=302, viewer=302, manager=302, admin=200),
    ],
    "team-invitation": [
        by_secret("get", "/invitation/{invitation}/", 200),
        # Somebody else is asked to sign out, somebody new for name and password.
        by_secret("post", "/invitation/{invitation}/", 200),
        by_secret("get", "/invitation/{invitation}x/", 404),
        by_secret("get", "/invitation/{revoked}/", 404),
        by_secret("get", "/invitation/{link}/", 404),
    ],
    "driver-page:show": [
        by_secret("get", "/d/{link}/", 200),
        by_secret("get", "/d/{link}x/", 404),
        by_secret("get", "/d/{feed}/", 404),
        by_secret("get", "/d/{other_link}/", 404),
        by_secret("post", "/d/{link}/", 405),
    ],
    "driver-page:cancel": [
        by_secret("get", "/d/{link}/cancel/", 200),
        by_secret("post", "/d/{link}/cancel/", 200),
        by_secret("post", "/d/{other_link}/cancel/", 404),
    ],
    "driver-page:late": [
        by_secret("get", "/d/{link}/late/", 200),
        by_secret("post", "/d/{link}/late/", 200),
        by_secret("post", "/d/{other_link}/late/", 404),
    ],
    "driver-page:report": [
        by_secret("get", "/d/{link}/report/", 200),
        by_secret("post", "/d/{link}/report/", 200),
        by_secret("post", "/d/{other_link}/report/", 404),
    ],
    # The fleet does not let its drivers.
    "driver-page:end": [
        by_secret("get", "/d/{link}/end/", 302),
        by_secret("post", "/d/{link}/end/", 302),
        by_secret("post", "/d/{other_link}/end/", 404),
    ],
    "driver-page:other": [
        by_secret("get", "/d/{link}/other/", 302),
        by_secret("post", "/d/{link}/other/", 302),
        by_secret("post", "/d/{other_link}/other/", 404),
    ],
    "driver-page:panel": [
        by_secret("get", "/d/{link}/charger/", 200),
        by_secret("post", "/d/{link}/charger/", 405),
        by_secret("get", "/d/{other_link}/charger/", 404),
    ],
    **{
        f"driver-page:{kind}": [
            by_secret("get", f"/d/{{link}}/{kind}/", 302),
            by_secret("post", f"/d/{{link}}/{kind}/", 302),
            by_secret("post", f"/d/{{other_link}}/{kind}/", 404),
        ]
        for kind in ("start", "stop", "unlock")
    },
    "driver-page:calendar": [
        by_secret("get", "/d/{link}/booking.ics", 200),
        by_secret("get", "/d/{other_link}/booking.ics", 404),
    ],
    "calendar-feed": [
        by_secret("get", "/calendar/{feed}.ics", 200),
        by_secret("get", "/calendar/wrong.ics", 404),
        by_secret("get", "/calendar/{link}.ics", 404),
    ],
    "health-live": [open_to_all("/health/live", 200, 200)],
    "health-ready": [open_to_all("/health/ready", 200, 200)],
    # Opened by METRICS_TOKEN, which is not set here.
    "metrics": [open_to_all("/metrics", 404, 404)],
    # There is one where the operator has set a look.
    "theme": [open_to_all("/theme.css", 404, 404)],
    "account_login": [open_to_all("/account/login/", 200, 302)],
    "account_logout": [open_to_all("/account/logout/", 302, 200)],
    "account_signup": [open_to_all("/account/signup/", 200, 302)],
    "account_inactive": [open_to_all("/account/inactive/", 200, 200)],
    "account_reset_password": [open_to_all("/account/password/reset/", 200, 200)],
    "account_reset_password_done": [open_to_all("/account/password/reset/done/", 200, 200)],
    "account_reset_password_from_key": [
        open_to_all("/account/password/reset/key/1-wrong/", 200, 200)
    ],
    "account_reset_password_from_key_done": [
        open_to_all("/account/password/reset/key/done/", 200, 200)
    ],
    "account_change_password": [own_account("/account/password/change/", 200)],
    "account_set_password": [own_account("/account/password/set/", 302)],
    "account_reauthenticate": [own_account("/account/reauthenticate/", 200)],
    "account_email": [open_to_all("/account/email/", 302, 302)],
    "account_email_verification_sent": [open_to_all("/account/confirm-email/", 200, 200)],
    "account_confirm_email": [open_to_all("/account/confirm-email/wrong/", 200, 200)],
    "account_person": [open_to_all("/account/person/", 200, 200)],
    "account_language": [
        own_account("/account/language/", 302, "post"),
        own_account("/account/language/", 405),
    ],
    "account_security": [own_account("/account/security/", 200)],
    "account_first_factor": [
        own_account("/account/security/first-factor/", 302, "post"),
        own_account("/account/security/first-factor/", 405),
    ],
    "usersessions_list": [own_account("/account/security/sessions/", 200)],
    "account_end_other_sessions": [
        own_account("/account/security/sessions/end/", 302, "post"),
        own_account("/account/security/sessions/end/", 405),
    ],
    "account_end_session": [
        # Nobody's own: that one ends for them is tried in tests/accounts.
        own_account("/account/security/sessions/{session}/end/", 404, "post"),
        own_account("/account/security/sessions/{session}/end/", 405),
    ],
    "mfa_index": [own_account("/account/security/", 200)],
    "mfa_authenticate": [open_to_all("/account/security/authenticate/", 302, 302)],
    "mfa_reauthenticate": [own_account("/account/security/reauthenticate/", 302)],
    "mfa_activate_totp": [own_account("/account/security/totp/activate/", 302)],
    "mfa_deactivate_totp": [own_account("/account/security/totp/deactivate/", 404)],
    "mfa_view_recovery_codes": [own_account("/account/security/recovery-codes/", 404)],
    "mfa_generate_recovery_codes": [own_account("/account/security/recovery-codes/generate/", 302)],
    "mfa_download_recovery_codes": [own_account("/account/security/recovery-codes/download/", 404)],
    "mfa_list_webauthn": [own_account("/account/security/webauthn/", 200)],
    "mfa_add_webauthn": [own_account("/account/security/webauthn/add/", 302)],
    "mfa_reauthenticate_webauthn": [own_account("/account/security/webauthn/reauthenticate/", 302)],
    "mfa_edit_webauthn": [own_account("/account/security/webauthn/keys/{passkey}/edit/", 302)],
    "mfa_remove_webauthn": [own_account("/account/security/webauthn/keys/{passkey}/remove/", 302)],
    "mfa_login_webauthn": [open_to_all("/account/security/webauthn/login/", 302, 302)],
    "account_confirm_login_code": [open_to_all("/account/login/code/confirm/", 302, 302)],
}


def addresses(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    """Yield the names of all addresses outside the back office; its own test is below."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}" if pattern.name else str(pattern.pattern)
        elif pattern.namespace != "admin":
            inner = f"{pattern.namespace}:" if pattern.namespace else namespace
            yield from addresses(pattern, inner)


def ask(client: Client, entry: Entry, things: dict[str, str], **headers: str):
    path = entry.path.format(**things)
    data = {name: value.format(**things) for name, value in entry.data.items()}
    return getattr(client, entry.method)(path, data, headers=headers)


def said(answer) -> int | str:
    """Return how an address answered."""
    goal = answer.headers.get("HX-Redirect", answer.headers.get("Location", ""))
    if goal.startswith("/account/login/?next="):
        return LOGIN
    if answer.status_code == 302 and answer.url == reverse("admin:index"):
        return BACK_OFFICE
    return answer.status_code


def noted_sessions(*clients: Client) -> dict[str, int]:
    """Return what the cache has of sessions in use: without it, each page writes them down anew."""
    cookies = [client.cookies.get(settings.SESSION_COOKIE_NAME) for client in clients]
    return {_seen_key(digest_of(cookie.value)): 1 for cookie in cookies if cookie}


def go_through(client: Client, entries: list[Entry], things: dict[str, str], **headers: str):
    """Yield each entry with its answer. What one leaves behind, the next does not find."""
    cookies = client.cookies
    noted = noted_sessions(client)
    for entry in entries:
        cache.clear()
        cache.set_many(noted)
        client.cookies = deepcopy(cookies)
        with transaction.atomic():
            answer = ask(client, entry, things, **headers)
            answer.shown = answer.getvalue()
            transaction.set_rollback(True)
        yield entry, answer


# What answers htmx with a part of the page where others are led back to it.
PARTS = {
    "sites:favourite": [
        page(
            "post",
            "/sites/{site}/favourite/",
            {"favourite": "1"},
            stranger=404,
            viewer=200,
            manager=200,
        )
    ],
    "batches:send": [],
    **{
        f"batches:{name}": [
            page(
                "post", f"/bookings/tables/{{draft}}/{part}", stranger=404, viewer=403, manager=200
            )
        ]
        for name, part in (
            ("all", "all/"),
            ("without", "without/"),
            ("leave_out", "rows/{row}/out/"),
        )
    },
}
FRAGMENTS = [
    entry
    for name, entries in (ENTRIES | PARTS).items()
    for entry in entries
    if name.partition(":")[1]
]
WHOLE_PAGES = [entry for entries in ENTRIES.values() for entry in entries]
