"""The pages on which a fleet chooses who gets which mails, and sees what was sent to whom."""

import re
from datetime import timedelta

import pytest
from django.utils.timezone import now

from bookings.models import Booking
from notifications.kinds import MAILS
from notifications.kinds.base import Choice, DriverGets
from notifications.models import Notification, NotificationPreference
from notifications.recipients import (
    Kind,
    Managers,
    choices_of,
    save_choices,
)
from tests.factories import (
    BookingFactory,
    BookingRequestFactory,
    DriverFactory,
    NotificationFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

URL, SENT = "/bookings/notices/", "/bookings/sent/"
State = Notification.State


def html(answer, status: int = 200) -> str:
    assert answer.status_code == status
    return answer.content.decode()


def filled_in(fleet, **changes) -> dict[str, str]:
    """Return the form as a browser would send it, with changes; None leaves a field out."""
    data = {"reminder_minutes": "60", "language": "en"}
    for kind, choice in choices_of(fleet).items():
        data[f"{kind}-managers"] = choice.managers
        if MAILS[kind].driver is DriverGets.IF_CHOSEN and choice.driver:
            data[f"{kind}-driver"] = "on"
    data |= changes
    return {name: value for name, value in data.items() if value is not None}


# Who gets which


def test_every_kind_has_a_line_with_what_may_be_chosen(as_manager):
    page = html(as_manager.get(URL))
    for kind in (each for each in Kind if MAILS[each].is_chosen):
        line = re.search(rf'<tr id="kind-{kind}">.*?</tr>', page, re.DOTALL).group()
        assert str(kind.label) in line
        offered = re.findall(r'<option value="([^"]+)"', line)
        assert offered == list(MAILS[kind].offered)
        has_box = f'name="{kind}-driver"' in line
        assert has_box == (MAILS[kind].driver is DriverGets.IF_CHOSEN)
    assert "Drivers are always notified when a booking of theirs is cancelled" in page


def test_a_manager_chooses(as_manager, fleet, manager):
    changes = {
        "approved-managers": "all",
        "approved-driver": None,
        "rejected-managers": "nobody",
        "reminder_minutes": "30",
        "language": "nl",
    }
    answer = as_manager.post(URL, filled_in(fleet, **changes), follow=True)
    page = html(answer)
    # Said before the language changed; what follows is in the one chosen.
    assert "Saved." in page
    assert '<html lang="nl"' in page
    assert answer.redirect_chain == [(URL, 302)]
    assert choices_of(fleet)[Kind.APPROVED] == Choice(Managers.ALL, driver=False)
    assert choices_of(fleet)[Kind.REJECTED] == Choice(Managers.NOBODY, driver=False)
    assert NotificationPreference.objects.count() == 2
    fleet.refresh_from_db()
    manager.refresh_from_db()
    assert (fleet.reminder_minutes, manager.language) == (30, "nl")
    assert re.search(r'<option value="30" selected>30 min', page)
    assert re.search(r'<option value="nl" selected>Nederlands', page)
    assert 'id="id_approved-driver" checked' not in page


def test_reminders_of_what_is_booked_follow(as_manager, fleet):
    start = now() + timedelta(hours=5)
    booking = BookingFactory(
        fleet=fleet, accepted=True, start_at=start, reminder_at=start - timedelta(hours=1)
    )
    as_manager.post(URL, filled_in(fleet, reminder_minutes="120"))
    booking.refresh_from_db()
    assert booking.reminder_at == start - timedelta(hours=2)
    as_manager.post(URL, filled_in(fleet, reminder_minutes="0"))
    booking.refresh_from_db()
    assert booking.reminder_at is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reminder_minutes", "45"),
        ("reminder_minutes", "-1"),
        ("reminder_minutes", "an hour"),
        ("reminder_minutes", None),
        ("language", "tlh"),
        ("approved-managers", "everybody"),
        ("approved-managers", None),
        ("running-late-managers", "nobody"),
    ],
)
def test_what_is_not_offered_is_said_and_changes_nothing(as_manager, fleet, name, value):
    data = filled_in(fleet, **{"approved-driver": None, "no-show-managers": "all", name: value})
    page = html(as_manager.post(URL, data))
    assert "Please pick one of these." in page
    assert f'href="#id_{name}"' in page
    # What was chosen besides is kept.
    assert re.search(r'name="no-show-managers".*?<option value="all" selected>', page, re.DOTALL)
    assert 'id="id_approved-driver" checked' not in page
    assert not NotificationPreference.objects.exists()
    fleet.refresh_from_db()
    assert fleet.reminder_minutes == 60


def test_a_lead_time_that_is_none_of_the_usual_ones_stays(as_manager, fleet):
    fleet.reminder_minutes = 45
    fleet.save()
    assert '<option value="45" selected>45 min before the start' in html(as_manager.get(URL))
    as_manager.post(URL, filled_in(fleet, reminder_minutes="45"))
    fleet.refresh_from_db()
    assert fleet.reminder_minutes == 45


def test_what_drivers_must_know_cannot_be_switched_off(as_manager, fleet):
    as_manager.post(URL, filled_in(fleet, **{"cancelled-driver": "off", "rejected-driver": "on"}))
    assert choices_of(fleet)[Kind.CANCELLED].driver
    assert not choices_of(fleet)[Kind.REJECTED].driver


def test_nobody_undoes_a_change_unseen(as_manager, fleet):
    opened = as_manager.get(URL).context["form"]
    mine = filled_in(fleet, **{"rejected-managers": "nobody", "seen": opened["seen"].value()})
    save_choices(fleet, {Kind.APPROVED: Choice(Managers.ALL, driver=False)})
    answer = as_manager.post(URL, mine)
    assert "Somebody else has changed this" in html(answer)
    assert choices_of(fleet)[Kind.APPROVED] == Choice(Managers.ALL, driver=False)
    form = answer.context["form"]
    assert form["rejected-managers"].value() == "nobody"
    # Whoever knows may do so.
    as_manager.post(URL, mine | {"seen": form["seen"].value()})
    assert choices_of(fleet)[Kind.REJECTED] == Choice(Managers.NOBODY, driver=False)
    assert choices_of(fleet)[Kind.APPROVED] == MAILS[Kind.APPROVED].default


def test_ones_own_language_is_no_change_by_somebody_else(as_manager, fleet, manager):
    opened = as_manager.get(URL).context["form"]
    manager.language = "nl"
    manager.save()
    mine = filled_in(fleet, **{"rejected-managers": "nobody", "seen": opened["seen"].value()})
    assert as_manager.post(URL, mine).status_code == 302


def test_a_viewer_looks_and_changes_nothing(as_viewer, fleet):
    save_choices(fleet, {Kind.APPROVED: Choice(Managers.ALL, driver=False)})
    page = html(as_viewer.get(URL))
    line = re.search(r'<tr id="kind-approved">.*?</tr>', page, re.DOTALL).group()
    assert ">All</td>" in re.sub(r"\s+", "", line)
    assert ">No</td>" in re.sub(r"\s+", "", line)
    main = page.partition("<main")[2]
    assert "<select" not in main
    assert "1 h before the start" in main
    answer = as_viewer.post(URL, filled_in(fleet, **{"approved-managers": "nobody"}))
    assert answer.status_code == 403
    assert choices_of(fleet)[Kind.APPROVED].managers == Managers.ALL


def test_a_fleet_chooses_for_itself(as_other_manager, other_fleet, fleet):
    as_other_manager.post(
        URL,
        filled_in(other_fleet, **{"approved-managers": "nobody", "reminder_minutes": "15"}),
    )
    assert choices_of(fleet)[Kind.APPROVED].managers == Managers.ASKED
    fleet.refresh_from_db()
    other_fleet.refresh_from_db()
    assert (fleet.reminder_minutes, other_fleet.reminder_minutes) == (60, 15)


def test_pages_lead_to_it(as_manager):
    assert f'href="{URL}"' in html(as_manager.get("/drivers/"))
    assert f'href="{SENT}"' in html(as_manager.get(URL))
    assert f'href="{URL}"' in html(as_manager.get(SENT))


# Sent e-mails


@pytest.fixture
def booking(fleet) -> Booking:
    driver = DriverFactory(fleet=fleet, first_name="Zoé", email="Zoe@hudson.example")
    driver.search_text = "zoe zoe@hudson.example"
    driver.save()
    return BookingFactory(fleet=fleet, driver=driver, accepted=True)


@pytest.fixture
def mail(booking, fleet):
    def make(**fields) -> Notification:
        request = BookingRequestFactory(approved=True, booking=booking)
        defaults = {"recipient_driver": booking.driver, "state": State.SENT, "sent_at": now()}
        return NotificationFactory(request=request, **(defaults | fields))

    return make


def listed(answer) -> list[int]:
    return [int(pk) for pk in re.findall(r'id="mail-(\d+)"', html(answer))]


def test_a_mail_is_listed_with_what_became_of_it(as_manager, mail, booking):
    sent_at = now() - timedelta(hours=3)
    mail(sent_at=sent_at)
    as_manager.cookies["viewer_tz"] = "Europe/Amsterdam"
    page = html(as_manager.get(SENT))
    assert "Booking approved" in page
    assert "Zoe@hudson.example" in page
    assert f'href="/bookings/{booking.pk}/"' in page
    assert "Amsterdam time" in page
    assert '<span class="state state--good">' in page


@pytest.mark.parametrize(
    ("state", "problem", "words"),
    [
        ("queued", "", "Waiting"),
        ("queued", "The mail server cannot be reached.", "The mail server cannot be reached."),
        ("given-up", "The mail server refuses the address (550).", "Could not be delivered"),
        ("dropped", "It was out of date by the time it could be sent.", "Not sent"),
    ],
)
def test_what_did_not_go_out_says_why(as_viewer, mail, state, problem, words):
    row = mail(state=state, problem=problem, sent_at=None)
    page = html(as_viewer.get(SENT))
    line = re.search(rf'<tr id="mail-{row.pk}">.*?</tr>', page, re.DOTALL).group()
    assert words in line
    assert problem in line


def test_reminders_and_what_the_operator_did_have_no_request(as_manager, booking):
    row = Notification.objects.create(
        booking=booking, kind=Kind.REMINDER, audience="driver", recipient_email="x@y.example"
    )
    assert listed(as_manager.get(SENT)) == [row.pk]


def test_another_fleet_s_mails_are_not_listed(as_other_manager, mail):
    row = mail()
    assert listed(as_other_manager.get(SENT)) == []
    assert listed(as_other_manager.get(SENT, {"to": row.recipient_email})) == []
    assert "No e-mails here" in html(as_other_manager.get(SENT))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"kind": "cancelled"}, {"other"}),
        ({"state": "given-up"}, {"other"}),
        ({"state": "sent", "kind": "cancelled"}, set()),
        ({"to": "zoé"}, {"driver"}),
        ({"to": "zoe@hudson"}, {"driver"}),
        ({"to": "Maya Okafor"}, {"other"}),
        ({"to": "MAYA@hudson.example"}, {"other"}),
        ({"to": "former@hudson.example"}, {"former"}),
        ({"to": "nobody"}, set()),
        ({"to": " "}, {"driver", "other", "former"}),
    ],
)
def test_mails_are_found(as_manager, manager, mail, query, found):
    manager.name, manager.email = "Maya Okafor", "maya@hudson.example"
    manager.save()
    rows = {
        "driver": mail(),
        "other": mail(
            kind=Kind.CANCELLED,
            audience="manager",
            recipient_driver=None,
            recipient_user=manager,
            recipient_email=manager.email,
            state=State.GIVEN_UP,
        ),
        "former": mail(recipient_email="Former@hudson.example", recipient_driver=None),
    }
    assert set(listed(as_manager.get(SENT, query))) == {rows[name].pk for name in found}


@pytest.mark.parametrize("query", [{"kind": "x"}, {"state": "x"}, {"to": "x" * 300}])
def test_what_cannot_be_looked_for_is_said(as_manager, mail, query):
    mail()
    page = html(as_manager.get(SENT, query))
    assert "field__error" in page
    assert "mail-" in page


@pytest.mark.parametrize("at", ["", "x1", "a", "a1x", "a" + "9" * 40, "a²", "b-1"])
def test_a_place_that_is_none_is_the_beginning(as_manager, mail, at):
    row = mail()
    assert listed(as_manager.get(SENT, {"at": at})) == [row.pk]


def test_all_pages_together_hold_each_mail_once(as_manager, booking, monkeypatch):
    # Others' mails in between are more than the stretch that is walked first.
    monkeypatch.setattr("notifications.sent_list.WINDOW", 40)
    other = BookingFactory(accepted=True)
    mine = []
    for number in range(120):
        rows = [
            Notification(
                booking=each, kind=Kind.REMINDER, audience="driver", recipient_email="x@y.example"
            )
            for each in ([other] * (20 if 50 < number < 60 else 1) + [booking])
        ]
        for row in rows:
            row.save()
        mine.append(rows[-1].pk)
    mine.reverse()
    seen, url, pages = [], SENT, []
    while url:
        page = html(as_manager.get(url))
        pages.append(listed(as_manager.get(url)))
        seen += pages[-1]
        found = re.search(r'href="([^"]+)" rel="next"', page)
        url = found.group(1).replace("&amp;", "&") if found else ""
        back = re.search(r'href="([^"]+)" rel="prev"', page)
        if back:
            before = as_manager.get(back.group(1).replace("&amp;", "&"))
            assert listed(before) == pages[-2]
        else:
            assert len(pages) == 1
    assert seen == mine
    assert [len(each) for each in pages] == [50, 50, 20]


def test_a_page_costs_the_same_for_many_mails(as_manager, mail, django_assert_max_num_queries):
    for _ in range(3):
        mail(recipient_user=UserFactory())
    with django_assert_max_num_queries(10):
        as_manager.get(SENT)
    for _ in range(30):
        mail(recipient_user=UserFactory())
    with django_assert_max_num_queries(10):
        assert len(listed(as_manager.get(SENT))) == 33
