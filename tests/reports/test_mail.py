"""The monthly mail: who gets it, when, once, with which file; and how it ends."""

import io
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.conf import settings
from django.core import mail
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from accounts.models import User
from charging.services import mark_months
from drivers.models import FleetMembership
from drivers.team import NotChanged
from notifications.delivery import deliver_due
from notifications.models import Notification
from reports.mails.planning import plan_due
from reports.mails.recipients import MOST_RECIPIENTS, name_recipient
from reports.models import MailRecipient
from reports.summing.sessions import keep_sessions
from tests.factories import MembershipFactory, SessionFactory

pytest_plugins = ["tests.smtp_sink"]
pytestmark = pytest.mark.django_db

OCTOBER = date(2026, 10, 1)
# The second of November, when the mail is due, on the portal's clock.
MORNING = datetime(2026, 11, 2, 6, 0, tzinfo=ZoneInfo(settings.DEFAULT_TIMEZONE))


@pytest.fixture(autouse=True)
def _in_the_morning():
    with time_machine.travel(MORNING, tick=False):
        yield


@pytest.fixture
def charged(fleet):
    session = SessionFactory(
        fleet=fleet, started_at=datetime(2026, 10, 5, 12, tzinfo=UTC), amount=Decimal("12.34")
    )
    keep_sessions(fleet, OCTOBER)
    return session


@pytest.fixture
def named(fleet, fleet_admin, manager):
    """A manager who reads German, and an address outside the team that gets it in French."""
    manager.language = "de"
    manager.save()
    for user, email, language in ((manager, "", ""), (None, "books@hudson.example", "fr")):
        name_recipient(fleet=fleet, user=user, email=email, language=language, by=fleet_admin)


def as_(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_each_gets_the_file_in_their_language(fleet, named, charged, smtp_sink):
    assert plan_due() == 2
    assert deliver_due() == 2
    mails = smtp_sink.mails
    assert set(mails) == {"manager@hudson.example", "books@hudson.example"}
    for address, month in (
        ("manager@hudson.example", "Oktober"),
        ("books@hudson.example", "octobre"),
    ):
        message = mails[address]
        assert month in message["Subject"]
        (file,) = message.iter_attachments()
        assert file.get_filename() == "hudson-parcel-fleet-report-2026-10.xlsx"
        book = load_workbook(io.BytesIO(file.get_content()))
        cells = [
            cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row
        ]
        assert 12.34 in cells
        assert any(month in str(cell) for cell in cells)
        assert "12,34" in message.get_body(("plain",)).get_content()
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    # Who has no log-in is led to no page that needs one.
    outside = mails["books@hudson.example"].get_body(("plain",)).get_content()
    assert "/reports/" not in outside
    assert "/report-mail/" in outside


def test_it_goes_out_once(fleet, named, charged):
    assert plan_due() == 2
    assert plan_due() == 0
    deliver_due()
    with time_machine.travel(MORNING + timedelta(days=3), tick=False):
        assert plan_due() == 0
        deliver_due()
    assert len(mail.outbox) == 2


@pytest.mark.parametrize(
    ("after", "due"),
    [
        (timedelta(seconds=-1), False),
        (timedelta(), True),
        (timedelta(days=11), True),
        (timedelta(days=12), False),
        (timedelta(days=-3), False),
    ],
)
def test_when_it_goes_out(after, due, fleet, named, charged):
    with time_machine.travel(MORNING + after, tick=False):
        assert plan_due() == (2 if due else 0)


def test_the_day_and_the_hour_are_settings(fleet, named, charged, settings):
    settings.REPORT_MAIL_DAY, settings.REPORT_MAIL_HOUR = 3, 9
    assert plan_due() == 0
    with time_machine.travel(MORNING + timedelta(days=1, hours=3), tick=False):
        assert plan_due() == 2


def test_it_waits_until_the_month_is_settled(fleet, named, charged):
    mark_months([(fleet.pk, charged.local_day)])
    assert plan_due() == 0
    keep_sessions(fleet, OCTOBER)
    assert plan_due() == 2


def test_it_waits_until_the_sessions_of_the_month_are_read(
    fleet, named, charged, sessions_are_read
):
    run = sessions_are_read
    run.started_at = datetime(2026, 10, 31, 12, tzinfo=UTC)
    run.save()
    assert plan_due() == 0
    # Not for ever: then it goes out with what there is.
    with time_machine.travel(MORNING + timedelta(days=5), tick=False):
        assert plan_due() == 2
    Notification.objects.all().delete()
    run.started_at = MORNING - timedelta(minutes=5)
    run.save()
    assert plan_due() == 2


def test_who_is_named_later_gets_the_last_month_too(fleet, fleet_admin, named, charged):
    plan_due()
    name_recipient(fleet=fleet, user=fleet_admin, email="", language="", by=fleet_admin)
    assert plan_due() == 1


def test_who_has_left_the_team_gets_none(fleet, manager, named, charged):
    assert plan_due() == 2
    FleetMembership.objects.filter(user=manager).delete()
    assert deliver_due() == 1
    assert [message.to for message in mail.outbox] == [["books@hudson.example"]]
    assert Notification.objects.get(recipient_user=manager).state == "dropped"


def test_a_fleet_is_told_of_itself_alone(fleet, other_fleet, named, charged):
    SessionFactory(fleet=other_fleet, started_at=charged.started_at, amount=Decimal("99.99"))
    keep_sessions(other_fleet, OCTOBER)
    plan_due()
    deliver_due()
    for message in mail.outbox:
        (_name, content, _type), *_rest = message.attachments
        book = load_workbook(io.BytesIO(content))
        cells = {
            cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row
        }
        assert 99.99 not in cells
        assert other_fleet.name not in message.body


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_who_plan_at_once_write_each_mail_once(fleet, named, charged):
    together, counts = threading.Barrier(2), []

    def work() -> None:
        try:
            together.wait(timeout=10)
            counts.append(plan_due())
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(counts) == [0, 2]
    assert Notification.objects.filter(kind="month-report").count() == 2


# Who is named


def test_an_admin_names_a_member_or_an_address(fleet, fleet_admin, viewer):
    client = as_(fleet_admin)
    client.post(reverse("reports:mail"), {"member": viewer.pk, "email": "", "language": "en"})
    client.post(
        reverse("reports:mail"), {"member": "", "email": "Books@Hudson.example", "language": "nl"}
    )
    rows = MailRecipient.objects.order_by("pk")
    assert [(each.user, each.email, each.language) for each in rows] == [
        (viewer, "", ""),
        (None, "books@hudson.example", "nl"),
    ]
    assert {each.created_by for each in rows} == {fleet_admin}
    page = client.get(reverse("reports:mail")).content.decode()
    assert viewer.email in page
    assert "books@hudson.example" in page


def test_an_address_of_a_member_stands_for_that_member(fleet, fleet_admin, manager):
    name_recipient(fleet=fleet, user=None, email=manager.email, language="fr", by=fleet_admin)
    assert MailRecipient.objects.get().user == manager


def test_who_has_left_the_team_can_be_named_by_address(fleet, fleet_admin, manager, named):
    FleetMembership.objects.filter(user=manager).delete()
    client = as_(fleet_admin)
    data = {"member": "", "email": manager.email, "language": "de"}
    assert client.post(reverse("reports:mail"), data).status_code == 302
    hers = MailRecipient.objects.filter(Q(user=manager) | Q(email=manager.email))
    before, after = hers.order_by("pk")
    assert before.ended_at is not None
    assert before.ended_by == fleet_admin
    assert (after.user, after.ended_at, after.language) == (None, None, "de")


def test_an_address_gets_it_once_when_its_account_is_switched_on_again(
    fleet, fleet_admin, manager, charged
):
    name_recipient(fleet=fleet, user=manager, email="", language="", by=fleet_admin)
    User.objects.filter(pk=manager.pk).update(is_active=False)
    name_recipient(fleet=fleet, user=None, email=manager.email, language="de", by=fleet_admin)
    User.objects.filter(pk=manager.pk).update(is_active=True)
    assert plan_due() == 1


def test_who_is_switched_off_for_a_while_gets_it_again(fleet, fleet_admin, manager, named, charged):
    User.objects.filter(pk=manager.pk).update(is_active=False)
    name_recipient(
        fleet=fleet, user=None, email="desk@hudson.example", language="en", by=fleet_admin
    )
    User.objects.filter(pk=manager.pk).update(is_active=True)
    assert plan_due() == 3


def test_who_has_left_the_team_takes_nobodys_place(fleet, fleet_admin, manager, named):
    FleetMembership.objects.filter(user=manager).delete()
    MailRecipient.objects.bulk_create(
        MailRecipient(fleet=fleet, email=f"desk-{number}@hudson.example", language="en")
        for number in range(MOST_RECIPIENTS - 2)
    )
    name = partial(name_recipient, fleet=fleet, user=None, language="en", by=fleet_admin)
    name(email="the-last@hudson.example")
    with pytest.raises(NotChanged, match="No more than"):
        name(email="one-too-many@hudson.example")


@pytest.mark.parametrize(
    "data",
    [
        {"member": "", "email": ""},
        {"member": "{admin}", "email": "books@hudson.example"},
        {"member": "{stranger}", "email": ""},
        {"member": "", "email": "no address"},
        {"member": "", "email": "BOOKS@hudson.example"},
    ],
    ids=["nobody", "both", "a stranger", "no address", "once more"],
)
def test_what_names_nobody_is_said_so(data, fleet, fleet_admin, other_manager):
    name_recipient(
        fleet=fleet, user=None, email="books@hudson.example", language="en", by=fleet_admin
    )
    ids = {"admin": fleet_admin.pk, "stranger": other_manager.pk}
    data = {name: value.format(**ids) for name, value in data.items()}
    response = as_(fleet_admin).post(reverse("reports:mail"), data | {"language": "en"})
    assert response.status_code == 200
    assert response.context["form"].errors
    assert MailRecipient.objects.count() == 1


def test_another_fleets_recipient_is_not_found(other_fleet, fleet, fleet_admin):
    boss = MembershipFactory(fleet=other_fleet, admin=True).user
    recipient = name_recipient(
        fleet=fleet, user=None, email="books@hudson.example", language="en", by=fleet_admin
    )
    address = reverse("reports:mail_end", args=[recipient.pk])
    assert as_(boss).post(address).status_code == 404
    assert as_(fleet_admin).post(address).status_code == 302
    recipient.refresh_from_db()
    assert recipient.ended_by == fleet_admin
    assert "removed by" in as_(fleet_admin).get(reverse("reports:mail")).content.decode()


# How it ends


def test_a_recipient_ends_it_by_the_link(fleet, named, charged, client):
    plan_due()
    deliver_due()
    recipient = MailRecipient.objects.get(user=None)
    message = next(each for each in mail.outbox if each.to == ["books@hudson.example"])
    link = message.extra_headers["List-Unsubscribe"].strip("<>").removeprefix(settings.SITE_URL)
    assert link in message.body
    # Looking at it, as mail programs and scanners do, ends nothing.
    page = client.get(link)
    assert "books@hudson.example" in page.content.decode()
    assert page["Content-Language"] == "fr"
    recipient.refresh_from_db()
    assert recipient.ended_at is None
    # As a mail program sends it: without a cookie and a token.
    sender = Client(enforce_csrf_checks=True)
    assert sender.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    recipient.refresh_from_db()
    assert recipient.ended_at is not None
    assert recipient.ended_by is None
    assert client.get(f"{link.rstrip('/')}x/").status_code == 404


def test_what_waits_is_not_sent_to_whoever_has_ended_it(fleet, fleet_admin, named, charged):
    plan_due()
    recipient = MailRecipient.objects.get(user=None)
    as_(fleet_admin).post(reverse("reports:mail_end", args=[recipient.pk]))
    assert deliver_due() == 1
    assert Notification.objects.get(recipient_email="books@hudson.example").state == "dropped"


def test_the_fleet_sees_what_was_sent(fleet, manager, named, charged):
    plan_due()
    deliver_due()
    page = as_(manager).get(reverse("notifications:sent")).content.decode()
    assert "books@hudson.example" in page
    assert "/reports/?period=2026-10" in page


def test_it_is_not_among_the_mails_that_are_chosen(fleet, manager):
    page = as_(manager).get(reverse("notifications:settings"))
    assert "month-report" not in page.content.decode()


def test_a_recipient_whose_language_nobody_knows_breaks_no_page(client, fleet, fleet_admin):
    MailRecipient.objects.create(fleet=fleet, email="books@fleet.example", language="")
    client.force_login(fleet_admin)
    assert client.get("/reports/mail/").status_code == 200
