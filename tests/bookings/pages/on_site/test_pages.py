"""The pages about a booking that runs, of managers and of the driver."""

import re
import uuid
from datetime import timedelta

import httpx
import pytest
from django.test import Client
from django.utils.timezone import now

from bookings.actions.on_site import report_charger
from bookings.models import Booking, BookingRequest, ChargerReport, ChargingSession
from bookings.models.booking import link_token
from drivers.models import Fleet
from shell.formats import duration, instant
from sites.models import Connector, Evse
from sites.periods import STEP, next_step
from tests.factories import BookingFactory
from tests.small_operator import forget_free_times

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still")]
HOUR = timedelta(hours=1)


@pytest.fixture
def running(follow, operator, workers) -> Booking:
    operator.no_show_share = 1.0
    booking = follow(next_step(now()) - STEP, length=2 * HOUR)
    workers.refresh()
    booking.refresh_from_db()
    return booking


@pytest.fixture
def twin(evse) -> Evse:
    Connector.objects.filter(evse__ampeco_id=302).update(type="ccs1")
    return Evse.objects.get(ampeco_id=302)


@pytest.fixture
def url(running) -> str:
    return f"/d/{link_token(running, running.driver)}/"


@pytest.fixture
def _trusting(fleet):
    Fleet.objects.update(drivers_may_change_end=True, drivers_may_move=True)


def html(answer, status: int = 200) -> str:
    assert answer.status_code == status
    return answer.content.decode()


def hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of the first form of a page that has them."""
    found = re.findall(r'name="(evse|version|submission_key)"[^>]*value="([^"]+)"', page)
    return dict(reversed(found))


# A manager


def test_a_manager_ends_a_booking_early(as_manager, running):
    page = html(as_manager.get(f"/bookings/{running.pk}/"))
    assert f'href="/bookings/{running.pk}/end/"' in page
    form = html(as_manager.get(f"/bookings/{running.pk}/end/"))
    sooner = running.end_at - HOUR
    assert f'value="{instant(sooner)}"' in form
    assert "(1 h less)" in form
    assert "(1 h more)" in form
    answer = as_manager.post(
        f"/bookings/{running.pk}/end/", hidden(form) | {"end_at": instant(sooner)}
    )
    assert answer.url == f"/bookings/{running.pk}/"
    request = BookingRequest.objects.get()
    assert (request.kind, request.end_at) == ("update", sooner)
    assert "Change requested by" in html(as_manager.get(answer.url))


def test_who_is_told_that_it_has_changed_can_send_it_again(as_manager, running):
    address = f"/bookings/{running.pk}/end/"
    sooner = {"end_at": instant(running.end_at - HOUR)}
    seen = hidden(html(as_manager.get(address)))
    Booking.objects.update(version=running.version + 1, reference="Tour 7")
    wrong = html(as_manager.post(address, seen | {"end_at": ""}))
    assert hidden(wrong)["version"] == seen["version"], "nobody has told of it yet"
    told = html(as_manager.post(address, seen | sooner))
    assert "has changed since you opened the page" in told
    assert not BookingRequest.objects.exists()
    assert as_manager.post(address, hidden(told) | sooner).status_code == 302
    assert BookingRequest.objects.get().end_at == running.end_at - HOUR


@pytest.mark.parametrize("end_at", ["", "tomorrow", "2020-01-01T00:00:00Z"])
def test_an_end_that_makes_no_sense_is_said_so(as_manager, running, end_at):
    sent = {"end_at": end_at, "version": running.version, "submission_key": uuid.uuid4()}
    page = html(as_manager.post(f"/bookings/{running.pk}/end/", sent))
    assert 'class="field__error"' in page
    assert not BookingRequest.objects.exists()


def test_a_booking_that_does_not_run_says_why_it_has_no_other_end(as_manager, running):
    Booking.objects.update(start_at=now() + HOUR)
    page = html(as_manager.get(f"/bookings/{running.pk}/end/"), 409)
    assert "has not started yet" in page


def test_a_report_shows_on_the_page_with_what_else_is_free_and_one_click_takes_it(
    as_manager, running, twin, workers
):
    report_charger(running, what="no-access", message="Barrier <down>")
    page = html(as_manager.get(f"/bookings/{running.pk}/status/"))
    assert "The charger cannot be reached." in page
    assert "“Barrier &lt;down&gt;”" in page
    assert f'hx-get="/bookings/{running.pk}/other-charger/"' in page
    part = html(
        as_manager.get(f"/bookings/{running.pk}/other-charger/", headers={"HX-Request": "true"})
    )
    assert "<html" not in part
    assert twin.name in part
    answer = as_manager.post(f"/bookings/{running.pk}/other-charger/", hidden(part))
    new = Booking.objects.get(replaces=running)
    assert answer.url == f"/bookings/{new.pk}/"
    # Sent from an old page, it is said that it is on the way.
    again = hidden(part) | {"submission_key": str(uuid.uuid4())}
    page = html(as_manager.post(f"/bookings/{running.pk}/other-charger/", again))
    assert "Another charger can no longer be taken instead." in page
    assert Booking.objects.count() == 2


def test_an_operator_who_does_not_answer_is_said_so(as_manager, running, operator):
    forget_free_times()
    operator.faults.add("rate-limited", seconds=60)
    page = html(as_manager.get(f"/bookings/{running.pk}/other-charger/"))
    assert "Availability could not be loaded just now." in page
    page = html(as_manager.get(f"/bookings/{running.pk}/end/"))
    assert "operator’s system" in page
    assert "(1 h less)" in page


def test_all_that_is_on_record_stands_on_one_page(as_viewer, running):
    report_charger(running, what="blocked", message="White van")
    page = html(as_viewer.get(f"/bookings/{running.pk}/evidence/"))
    for words in (
        "The operator has reported no charging session",
        "Another vehicle blocks the charger",
        "White van",
        running.evse.physical_reference,
        "CCS1",
        str(running.ampeco_booking_id),
        "Trouble at the charger reported by the driver",
    ):
        assert words in page
    ChargingSession.objects.create(
        booking=running, ampeco_session_id="7", started_at=now(), energy_kwh="12.5"
    )
    assert "12.5 kWh" in html(as_viewer.get(f"/bookings/{running.pk}/evidence/"))


def test_another_fleets_bookings_are_not_there(as_other_manager, running):
    for part in ("end", "other-charger", "evidence"):
        assert as_other_manager.get(f"/bookings/{running.pk}/{part}/").status_code == 404
    assert as_other_manager.post(f"/bookings/{running.pk}/end/").status_code == 404


# The driver


def test_a_driver_reports_and_reads_that_it_was_told(client, running, url):
    assert f'href="{url}report/"' in html(client.get(url))
    html(client.get(f"{url}report/"))
    assert not ChargerReport.objects.exists()
    answer = client.post(f"{url}report/", {"what": "blocked", "message": "White van"})
    assert answer.url == url
    page = html(client.get(url))
    assert "you told your fleet manager: Another vehicle blocks the charger." in page
    for forbidden in ("end/", "other/"):
        assert f'href="{url}{forbidden}"' not in page


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Please pick what is wrong."),
        ({"what": "aliens"}, "Please pick one of these."),
        ({"what": "other", "message": "a\nb"}, "leave out line breaks"),
        ({"what": "other", "message": "x" * 201}, "at most 200 characters"),
    ],
)
def test_a_report_that_makes_no_sense_tells_nobody(client, url, sent, words):
    assert words in html(client.post(f"{url}report/", sent))
    assert not ChargerReport.objects.exists()


def test_a_report_needs_the_forms_token(running, url):
    answer = Client(enforce_csrf_checks=True).post(f"{url}report/", {"what": "broken"})
    assert answer.status_code == 403
    assert not ChargerReport.objects.exists()


@pytest.mark.usefixtures("_trusting")
def test_a_driver_who_is_told_that_it_has_changed_can_send_it_again(client, running, url):
    sooner = {"end_at": instant(running.end_at - HOUR)}
    seen = hidden(html(client.get(f"{url}end/")))
    Booking.objects.update(version=running.version + 1, reference="Tour 7")
    told = html(client.post(f"{url}end/", seen | sooner))
    assert "the booking has changed" in told
    assert client.post(f"{url}end/", hidden(told) | sooner).url == url
    assert BookingRequest.objects.get().end_at == running.end_at - HOUR


@pytest.mark.usefixtures("_trusting")
def test_a_driver_is_offered_the_ends_of_a_booking_that_changed_in_that_moment(
    client, running, url, wire
):
    seen = hidden(html(client.get(f"{url}end/")))
    end_at = running.end_at - HOUR

    def change(_request: httpx.Request) -> None:
        """Another end comes true while the operator is asked what is free."""
        Booking.objects.update(version=running.version + 1, end_at=end_at)

    forget_free_times()
    wire.intercept = change
    told = html(client.post(f"{url}end/", seen | {"end_at": instant(end_at)}))
    assert "the booking has changed" in told
    assert f'value="{instant(end_at)}"' not in told, "it ends then anyway"
    earlier = re.search(rf'value="{instant(end_at - STEP)}"[^>]*>[^<]*', told)[0]
    assert earlier.endswith(f"({duration(STEP)} less)")


@pytest.mark.usefixtures("_trusting")
def test_a_driver_whose_fleet_allows_it_takes_another_charger(client, running, url, twin, manager):
    assert client.get(f"{url}other/").url == url
    answer = client.post(f"{url}report/", {"what": "broken"})
    page = html(client.get(answer.url))
    assert twin.name in page
    assert client.post(answer.url, hidden(page)).url == url
    new = Booking.objects.get(replaces=running)
    request = new.requests.get()
    assert (request.asked_by, new.driver) == ("driver", running.driver)
    event = running.events.get(what="move-asked")
    assert (event.actor, event.driver, event.user) == ("driver", running.driver, None)
    page = html(client.get(url))
    assert "Another charger has been requested instead." in page
    assert f"/d/{link_token(new, new.driver)}/" in page


@pytest.mark.usefixtures("_trusting")
def test_a_driver_whose_fleet_allows_it_ends_early_and_hears_of_a_refusal(
    client, running, url, operator, workers
):
    operator.running_changes = "rejected"
    page = html(client.get(f"{url}end/"))
    sooner = running.end_at - HOUR
    assert client.post(f"{url}end/", hidden(page) | {"end_at": instant(sooner)}).url == url
    request = BookingRequest.objects.get()
    assert (request.asked_by, request.created_by, request.end_at) == ("driver", None, sooner)
    workers.submit()
    operator.decide(next(iter(operator.requests.values())))
    workers.poll()
    page = html(client.get(url))
    assert "The operator did not change the end." in page
    assert "The booking has started and can no longer be changed." in page


@pytest.mark.usefixtures("_trusting")
def test_a_driver_is_not_told_who_has_the_charger(client, running, url, fleet):
    other = BookingFactory(fleet=fleet, evse=running.evse, accepted=True, start_at=running.end_at)
    page = html(client.get(f"{url}end/"))
    later = {"end_at": instant(running.end_at + STEP)}
    page = html(client.post(f"{url}end/", hidden(page) | later))
    assert "This end cannot be had" in page
    assert other.driver.last_name not in page
    assert not BookingRequest.objects.exists()


def test_without_the_fleets_leave_nothing_is_asked_for(client, running, url, twin):
    report_charger(running, what="broken")
    sent = {"version": running.version, "submission_key": uuid.uuid4()}
    assert client.post(f"{url}end/", sent | {"end_at": instant(running.end_at - STEP)}).url == url
    assert client.post(f"{url}other/", sent | {"evse": twin.pk}).url == url
    assert not BookingRequest.objects.exists()
    assert Booking.objects.count() == 1
