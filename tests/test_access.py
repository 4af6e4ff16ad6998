"""Who may open what: the table in tests/access.py, held against the URL configuration.

An address without an entry fails.
"""

import re
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from accounts.models import User
from bookings.models import Booking
from tests.access import (
    ENTRIES,
    FRAGMENTS,
    LOGIN,
    MEMBERS,
    PEOPLE,
    SECRETS,
    WHOLE_PAGES,
    Entry,
    addresses,
    go_through,
    said,
)
from tests.languages import OTHERS, language_amiss

pytest_plugins = ["tests.access_people"]
pytestmark = pytest.mark.django_db


def test_every_address_has_an_entry():
    # Stands before the library's page of the same address, and leads home.
    assert set(addresses(get_resolver())) - {"email/"} == set(ENTRIES)


# Who reads whole pages in another language, and gets them in that throughout. What is said to
# viewers alone is marked or is not, whichever language it is in.
SPEAK = dict.fromkeys(("anonymous", "viewer", "admin"), OTHERS[0])


@pytest.mark.usefixtures("_operator_away")
@pytest.mark.parametrize(
    ("entries", "headers"),
    [(WHOLE_PAGES, {}), (FRAGMENTS, {"HX-Request": "true"})],
    ids=["pages", "fragments"],
)
@pytest.mark.parametrize("name", PEOPLE)
def test_who_may_open_what(name, entries, headers, browser, things, people, untranslated):
    column = PEOPLE.index(name)
    language = SPEAK.get(name) if entries is WHOLE_PAGES else None
    if language and people[name]:
        User.objects.filter(pk=people[name].pk).update(language=language)
    elif language:
        headers = headers | {"accept-language": language}
    otherwise = []
    for entry, answer in go_through(browser(name), entries, things, **headers):
        if said(answer) != entry.answers[column]:
            otherwise.append((entry.method, entry.path, said(answer), entry.answers[column]))
        if language and (told := language_amiss(entry, answer, language)):
            otherwise.append((entry.method, entry.path, "is in", told))
        if name not in MEMBERS and not any(word in entry.path for word in SECRETS):
            otherwise += [
                (entry.method, entry.path, "shows", word)
                for word in (b"Our job 7", b"Ownly")
                if word in answer.shown
            ]
    assert otherwise == []
    assert untranslated.texts == set()


# What other platforms send, and mail programs for whoever wants no more of a report (RFC 8058).
WITHOUT_A_PAGE = ("/hooks/", "/report-mail/")


def test_what_changes_something_wants_the_token_of_its_page(fleet_admin, things):
    client = Client(enforce_csrf_checks=True)
    client.force_login(fleet_admin)
    posts = [
        entry
        for entry in WHOLE_PAGES
        if entry.method == "post" and not entry.path.startswith(WITHOUT_A_PAGE)
    ]
    assert len(posts) > 10
    for entry, answer in go_through(client, posts, things):
        assert entry.answers[PEOPLE.index("admin")] != 403
        assert answer.status_code == 403, entry.path


# Of these the back office says nothing, whoever asks: the words of its scripts, and the ways in and
# out, which the table above has for the portal.
NOT_KEPT = {"jsi18n", "login", "logout"}
# What stands for an object, or for one of several words, in the pattern of an address.
PLACE = re.compile(r"\(\?P<\w+>(\w*)[^)]*\)|<[^>]*>")


def back_office() -> dict[str, str]:
    """Return the addresses of the back office by their patterns, with a 1 for each object."""
    parts = get_resolver().url_patterns
    (site,) = [part for part in parts if getattr(part, "namespace", "") == "admin"]

    def below(resolver: URLResolver, start: str) -> Iterator[tuple[str, str]]:
        for one in resolver.url_patterns:
            pattern = start + str(one.pattern).strip("^$")
            if isinstance(one, URLResolver):
                yield from below(one, pattern)
            elif one.name not in NOT_KEPT:
                yield pattern, "/" + PLACE.sub(lambda match: match[1] or "1", pattern)

    return dict(below(site, str(site.pattern)))


@pytest.mark.parametrize("name", sorted(set(PEOPLE) - {"staff"}))
def test_the_back_office_is_for_staff_alone(name, browser, things):
    addresses = back_office()
    lists = {pattern: path for pattern, path in addresses.items() if "<" not in pattern}
    assert len(lists) > 20
    assert len(addresses) > 3 * len(admin.site._registry)
    # Every address keeps out who is signed in to a fleet with most rights, and who is not at all;
    # the others ask for those that lead to all the rest.
    asked = addresses if name in {"admin", "anonymous"} else lists
    entries = [Entry("get", path, {}, ()) for path in asked.values()]
    entries += [
        Entry("post", address_of(model), {"action": action, "_selected_action": "1"}, ())
        for model, options in admin.site._registry.items()
        for action in [*(options.actions or []), "delete_selected"]
    ]
    for entry, answer in go_through(browser(name), entries, things):
        assert answer.status_code == 302, entry
        assert answer.url.startswith(reverse("admin:login")), entry


def address_of(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def test_a_fleet_that_is_switched_off_is_nobodys(as_manager, fleet, things):
    fleet.is_active = False
    fleet.save()
    assert as_manager.get(f"/bookings/{things['booking']}/").status_code == 403
    assert as_manager.get("/drivers/options/").status_code == 403


def test_who_is_switched_off_is_logged_out(as_manager, manager, things):
    manager.is_active = False
    manager.save()
    assert said(as_manager.get(f"/bookings/{things['booking']}/status/")) == LOGIN


def test_log_in_leads_nowhere_else(client, manager):
    data = {"login": manager.email, "password": "correct horse battery"}
    for address in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"):
        answer = Client().post("/account/login/", data | {"next": address})
        assert answer.status_code == 302
        assert "evil" not in answer.url
        assert not answer.url.startswith("javascript")


def test_looking_changes_nothing_that_is_booked(as_manager, things):
    """Pages only move the next poll forward, and keep what was typed in the session."""
    before = list(Booking.objects.values())
    as_manager.get("/bookings/new/", {"site": things["site"], "evse": things["evse"]})
    for address in ("", "status/", "calendar.ics"):
        as_manager.get(f"/bookings/{things['booking']}/{address}")
    as_manager.get("/bookings/")
    assert list(Booking.objects.values()) == before
