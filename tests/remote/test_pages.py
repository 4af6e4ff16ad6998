"""The pages on which managers, drivers and staff have a charger told something; and others."""

import re
import uuid
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils.timezone import now

from bookings.models import Booking
from bookings.models.booking import link_token
from drivers.models import Fleet, IdTag
from privacy.models import AuditEntry
from remote.models import RemoteAction
from remote.rights import note_forbidden
from tests.factories import FleetFactory, MembershipFactory, UserFactory
from tests.remote.conftest import let_drivers_start, let_pass, was_told

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
KEY = re.compile(r'name="submission_key" value="([^"]+)"')


def html(answer, status: int = 200) -> str:
    assert answer.status_code == status
    return answer.content.decode()


def offered(page: str) -> set[str]:
    return set(re.findall(r'id="remote-(start|stop|unlock)"', page))


@pytest.fixture
def press(running):
    """Have a charger told something, as a browser does it: the question, then the button."""

    def press(client: Client, kind: str, base: str = ""):
        url = f"{base or f'/remote/{running.pk}/'}{kind}/"
        return client.post(url, {"submission_key": KEY.search(html(client.get(url)))[1]})

    return press


@pytest.fixture
def link(running) -> str:
    return f"/d/{link_token(running, running.driver)}/"


class TestManagers:
    def test_from_the_start_to_the_end(
        self, as_manager, running, press, send, workers, operator, manager
    ):
        url = f"/bookings/{running.pk}/"
        assert offered(html(as_manager.get(url))) == {"start", "unlock"}
        assert press(as_manager, "start").url == url
        page = html(as_manager.get(url))
        assert offered(page) == {"unlock"}
        assert "Start of the charge, asked for by you" in page
        assert "about to be passed on" in page
        send()
        workers.refresh()
        workers.read_sessions()
        page = html(as_manager.get(f"/remote/{running.pk}/"))
        assert "The charger accepted: the charge begins." in page
        assert "A charge is running." in page
        assert offered(page) == {"stop", "unlock"}
        press(as_manager, "stop")
        send()
        workers.read_sessions()
        page = html(as_manager.get(url))
        assert "The charger accepted: the charge ends." in page
        assert offered(page) == {"unlock"}
        assert [told.what for told in operator.told] == ["start", "stop"]

    def test_the_trail_says_who(self, as_manager, press, manager):
        press(as_manager, "start")
        entry = AuditEntry.objects.get(object_type="remote.remoteaction")
        assert (entry.action, entry.actor, entry.user_id) == ("added", "fleet", manager.pk)
        assert entry.changes["kind"] == [None, "start"]

    def test_a_refusal_is_told_in_words(self, as_manager, running, press, send, operator):
        operator.control_plans[301] = ["PREVIOUS_SESSION_NOT_PAID"]
        press(as_manager, "start")
        send()
        page = html(as_manager.get(f"/remote/{running.pk}/"))
        assert "Refused. An earlier charge of the driver is not paid yet." in page
        assert "The charge could not be started." in page
        assert offered(page) == {"start", "unlock"}

    def test_no_answer_is_told_in_words(self, as_manager, running, press, send, operator):
        operator.control_plans[301] = ["unanswered"]
        press(as_manager, "start")
        send()
        page = html(as_manager.get(f"/remote/{running.pk}/"))
        assert "The portal is checking whether the charge has begun" in page
        assert 'data-look-every="1s"' in page
        let_pass(61)
        send()
        assert "No answer, and no charge was seen." in html(
            as_manager.get(f"/remote/{running.pk}/")
        )

    def test_shortly_before_the_time(self, as_manager, running):
        begin = now() + timedelta(minutes=5)
        Booking.objects.update(start_at=begin, status="accepted")
        page = html(as_manager.get(f"/bookings/{running.pk}/"))
        assert "on, the charge can be started from here." in page
        assert offered(page) == set()
        assert "Nothing was sent to the charger." in html(
            as_manager.get(f"/remote/{running.pk}/start/"), 409
        )
        assert not RemoteAction.objects.exists()

    def test_long_before_it_the_page_says_nothing(
        self, as_manager, running, django_assert_num_queries
    ):
        Booking.objects.update(
            start_at=now() + timedelta(hours=5), end_at=now() + timedelta(hours=6)
        )
        assert "At the charger" not in html(as_manager.get(f"/bookings/{running.pk}/"))

    def test_a_page_that_is_opened_early_notices_when_the_time_is_near(
        self, as_manager, client, running, link
    ):
        let_drivers_start()
        begin = now() + timedelta(hours=2)
        Booking.objects.update(start_at=begin, end_at=begin + HOUR, status="accepted")
        for page in (html(as_manager.get(f"/bookings/{running.pk}/")), html(client.get(link))):
            panel = re.search(rf'<section id="remote-{running.pk}" hidden[^>]*>', page)[0]
            assert 'data-look-every="60s"' in panel
            assert "At the charger" not in page
            Booking.objects.update(start_at=now() + timedelta(minutes=5))
            again = html(client.get(re.search(r'hx-get="([^"]+)"', panel)[1]))
            assert "the charge can be started from here." in again
            Booking.objects.update(start_at=begin)

    def test_who_may_only_look_waits_for_no_button(self, viewer, as_manager, running):
        as_viewer = Client()
        as_viewer.force_login(viewer)
        begin = now() + timedelta(hours=2)
        Booking.objects.update(start_at=begin, end_at=begin + HOUR, status="accepted")
        assert f"remote-{running.pk}" not in html(as_viewer.get(f"/bookings/{running.pk}/"))
        note_forbidden("start")
        assert f"remote-{running.pk}" not in html(as_manager.get(f"/bookings/{running.pk}/"))

    def test_what_is_days_away_or_over_is_not_looked_for(self, as_manager, running):
        for days, status in ((3, "accepted"), (0, "cancelled")):
            begin = now() + timedelta(days=days, hours=2)
            Booking.objects.update(start_at=begin, end_at=begin + HOUR, status=status)
            page = html(as_manager.get(f"/bookings/{running.pk}/"))
            assert f"remote-{running.pk}" not in page

    def test_the_time_is_over_while_somebody_reads_the_question(
        self, as_manager, running, operator, send
    ):
        url = f"/remote/{running.pk}/start/"
        key = KEY.search(html(as_manager.get(url)))[1]
        Booking.objects.update(end_at=now())
        page = html(as_manager.post(url, {"submission_key": key}), 409)
        assert "The time of this booking is over." in page
        send()
        assert operator.told == []

    def test_a_charge_that_goes_on_after_the_time_can_be_stopped(
        self, as_manager, viewer, charging, press, send, workers, operator
    ):
        url = f"/bookings/{charging.pk}/"
        Booking.objects.update(end_at=now())
        page = html(as_manager.get(url))
        assert "its charge goes on. It can be stopped here." in page
        assert offered(page) == {"stop"}
        as_viewer = Client()
        as_viewer.force_login(viewer)
        watched = html(as_viewer.get(url))
        assert "its charge goes on." in watched
        assert "It can be stopped here." not in watched
        assert offered(watched) == set()
        for kind in ("start", "unlock"):
            refused = html(as_manager.get(f"/remote/{charging.pk}/{kind}/"), 409)
            assert "The time of this booking is over." in refused
        press(as_manager, "stop")
        send()
        workers.read_sessions()
        assert was_told(operator, "stop") == 1
        page = html(as_manager.get(url))
        assert "The charger accepted: the charge ends." in page
        assert offered(page) == set()
        assert "goes on" not in page

    def test_what_was_told_stays_on_the_page(self, as_manager, running, press, send):
        press(as_manager, "unlock")
        send()
        Booking.objects.update(end_at=now())
        page = html(as_manager.get(f"/bookings/{running.pk}/"))
        assert "The charger accepted: the connector can be pulled out." in page
        assert offered(page) == set()

    def test_without_a_key_it_is_asked_again(self, as_manager, running, operator, send):
        url = f"/remote/{running.pk}/start/"
        assert KEY.search(html(as_manager.post(url, {"submission_key": "x"})))
        send()
        assert operator.told == []

    def test_a_second_press_says_so(self, as_manager, running, press):
        url = f"/remote/{running.pk}/start/"
        first, second = (KEY.search(html(as_manager.get(url)))[1] for _ in range(2))
        as_manager.post(url, {"submission_key": first})
        page = html(as_manager.post(url, {"submission_key": second}, follow=True))
        assert "on its way already" in page
        assert RemoteAction.objects.count() == 1

    def test_the_operator_does_not_allow_it(self, as_manager, running, press, operator, send):
        operator.forbidden = ["control"]
        press(as_manager, "start")
        send()
        page = html(as_manager.get(f"/bookings/{running.pk}/"))
        assert "The operator does not allow this portal to do that." in page
        assert offered(page) == {"unlock"}
        page = html(as_manager.get(f"/remote/{running.pk}/start/"), 409)
        assert "The operator does not allow" in page


class TestOthers:
    def test_a_viewer_looks_on(self, client, fleet, running, tell, send, operator):
        viewer = MembershipFactory(fleet=fleet, viewer=True).user
        client.force_login(viewer)
        tell("unlock")
        page = html(client.get(f"/bookings/{running.pk}/"))
        assert "Unlocking of the connector, asked for by" in page
        assert offered(page) == set()
        url = f"/remote/{running.pk}/start/"
        assert client.get(url).status_code == 403
        assert client.post(url, {"submission_key": uuid.uuid4()}).status_code == 403
        send()
        assert was_told(operator, "start") == 0

    def test_another_fleet_finds_nothing(self, client, running, send, operator):
        stranger = MembershipFactory(fleet=FleetFactory(name="Zeta")).user
        client.force_login(stranger)
        for url in (f"/remote/{running.pk}/", f"/remote/{running.pk}/start/"):
            assert client.get(url).status_code == 404
        answer = client.post(f"/remote/{running.pk}/start/", {"submission_key": uuid.uuid4()})
        assert answer.status_code == 404
        send()
        assert operator.told == []

    def test_nobody_without_the_token_of_a_page(self, manager, running):
        client = Client(enforce_csrf_checks=True)
        client.force_login(manager)
        answer = client.post(f"/remote/{running.pk}/start/", {"submission_key": uuid.uuid4()})
        assert answer.status_code == 403
        assert not RemoteAction.objects.exists()


class TestDrivers:
    def test_not_unless_their_fleet_lets_them(self, client, link, operator, send):
        assert offered(html(client.get(link))) == set()
        answer = client.post(f"{link}start/", {"submission_key": uuid.uuid4()})
        assert answer.url == link
        send()
        assert operator.told == []

    def test_from_the_start_to_the_end(self, client, link, press, send, workers, operator):
        let_drivers_start()
        assert offered(html(client.get(link))) == {"start", "unlock"}
        assert press(client, "start", link).url == link
        assert "asked for by you" in html(client.get(f"{link}charger/"))
        send()
        workers.refresh()
        workers.read_sessions()
        page = html(client.get(f"{link}charger/"))
        assert "The charger accepted: the charge begins." in page
        assert offered(page) == {"stop", "unlock"}
        press(client, "stop", link)
        send()
        assert [told.what for told in operator.told] == ["start", "stop"]
        assert set(RemoteAction.objects.values_list("asked_by", "user")) == {("driver", None)}

    def test_a_manager_and_the_driver_at_once(
        self, client, as_manager, link, press, send, operator
    ):
        let_drivers_start()
        press(as_manager, "start")
        press(client, "start", link)
        send()
        assert was_told(operator, "start") == 1

    def test_managers_are_not_named_to_them(self, client, as_manager, link, press, manager):
        let_drivers_start()
        press(as_manager, "start")
        page = html(client.get(f"{link}charger/"))
        assert "asked for by your fleet" in page
        assert manager.name not in page

    def test_not_before_or_after_the_time(self, client, link, running):
        let_drivers_start()
        Booking.objects.update(end_at=now())
        page = html(client.post(f"{link}start/", {"submission_key": uuid.uuid4()}), 409)
        assert "The time of this booking is over." in page

    def test_a_revoked_link_opens_nothing(self, client, link, running):
        let_drivers_start()
        Booking.objects.update(link_generation=1)
        for part in ("charger/", "start/"):
            assert client.get(f"{link}{part}").status_code == 404
        answer = client.post(f"{link}start/", {"submission_key": uuid.uuid4()})
        assert answer.status_code == 404

    def test_not_as_often_as_somebody_likes(self, client, link, settings):
        let_drivers_start()
        settings.LINK_VISITS_PER_MINUTE = 3
        answers = [client.get(f"{link}start/").status_code for _ in range(5)]
        assert answers == [200, 200, 200, 429, 429]
        cache.clear()


class TestStaff:
    LIST = "/back-office/remote/runningbooking/"

    @pytest.fixture
    def as_staff(self, client):
        staff = UserFactory(is_staff=True, is_superuser=True)
        client.force_login(staff)
        return client

    def act(self, client, running, action: str):
        return client.post(
            self.LIST, {"action": action, "_selected_action": [running.pk]}, follow=True
        )

    def test_they_start_and_stop(self, as_staff, running, send, operator, workers):
        page = html(self.act(as_staff, running, "start_charge"))
        assert "1 charger is told" in page
        send()
        workers.refresh()
        workers.read_sessions()
        self.act(as_staff, running, "stop_charge")
        send()
        assert [told.what for told in operator.told] == ["start", "stop"]
        action = RemoteAction.objects.first()
        page = html(as_staff.get(f"/back-office/remote/remoteaction/{action.pk}/change/"))
        assert "The charger accepted" in page
        assert html(as_staff.get("/back-office/remote/remoteaction/?q=1"))
        assert AuditEntry.objects.filter(actor="staff", name="start_charge").exists()

    def test_why_not_is_said(self, as_staff, running):
        page = html(self.act(as_staff, running, "stop_charge"))
        assert "No charge is running on this booking." in page
        assert not RemoteAction.objects.exists()

    def test_only_what_runs_is_listed(self, as_staff, running):
        assert f"/runningbooking/{running.pk}/" in html(as_staff.get(self.LIST))
        Booking.objects.update(end_at=now())
        assert f"/runningbooking/{running.pk}/" not in html(as_staff.get(self.LIST))

    def test_so_is_what_goes_on_after_its_time(self, as_staff, charging, workers, send, operator):
        Booking.objects.update(end_at=now())
        assert f"/runningbooking/{charging.pk}/" in html(as_staff.get(self.LIST))
        self.act(as_staff, charging, "stop_charge")
        send()
        workers.read_sessions()
        assert was_told(operator, "stop") == 1
        assert f"/runningbooking/{charging.pk}/" not in html(as_staff.get(self.LIST))

    def test_they_are_told_what_the_token_lacks(self, as_staff, caplog):
        note_forbidden("start")
        note_forbidden("start")
        assert "control chargers (403): Start the charge" in html(as_staff.get("/back-office/"))
        assert len([each for each in caplog.records if "403" in each.message]) == 1
        note_forbidden("stop")


def test_the_booking_says_how_the_driver_starts(as_manager, running):
    IdTag.objects.create(
        ampeco_id=1,
        driver=running.driver,
        type="rfid",
        status="enabled",
        label="Van card",
        last_digits="4711",
    )
    page = html(as_manager.get(f"/bookings/{running.pk}/"))
    assert "How to start, as the driver is told" in page
    assert "Van card, ending in 4711" in page


def test_what_drivers_may_is_off_at_first():
    assert Fleet().drivers_may_start is False
