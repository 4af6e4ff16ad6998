"""Whether everybody is spoken to in their language, and in no other."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils import translation

from accounts.models import User
from bookings.models import Booking
from bookings.models.booking import link_token
from calendars.entries import booking_calendar, feed_calendar
from charging.models import BudgetWarning
from drivers.models import Driver
from notifications.compose import compose
from notifications.models import Notification, NotificationPreference
from reports.mails.recipients import name_recipient
from reports.models import MailRecipient
from sites import facts
from tests.access import WHOLE_PAGES, go_through
from tests.factories import (
    BookingRequestFactory,
    BudgetFactory,
    CostCentreFactory,
    OfferFactory,
    WishFactory,
)
from tests.languages import OTHERS, Untranslated, language_amiss
from tests.notifications.mail_situations import SITUATIONS
from tools import messages
from waiting.models import WishEvent
from waiting.state import record

pytest_plugins = ["tests.access_people", "tests.notifications.mail_cases"]

# A month that is named otherwise in each language.
MONTH = date(2026, 10, 1)
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z]|\{\w*\}")


def catalogue(language: str, ending: str) -> Path:
    return Path(settings.BASE_DIR, "locale", language, "LC_MESSAGES", f"django.{ending}")


# The catalogues themselves


def test_there_is_a_catalogue_for_each_language():
    assert OTHERS == ["de", "fr", "nl"]
    assert set(messages.LANGUAGES) == set(OTHERS)


@pytest.mark.parametrize("language", OTHERS)
def test_all_is_translated_and_nothing_is_guessed(language):
    po = polib.pofile(str(catalogue(language, "po")))
    assert po.metadata["Language"] == language
    assert [entry.msgid for entry in po.untranslated_entries()] == []
    assert [entry.msgid for entry in po.fuzzy_entries()] == []
    assert po.obsolete_entries() == []


@pytest.mark.parametrize("language", OTHERS)
def test_the_compiled_catalogue_says_what_its_source_says(language):
    source = polib.pofile(str(catalogue(language, "po")))
    compiled = polib.mofile(str(catalogue(language, "mo")))

    def texts(entries):
        return {
            (entry.msgctxt, entry.msgid): (entry.msgstr, entry.msgstr_plural) for entry in entries
        }

    assert texts(compiled) == texts(source)
    assert compiled.metadata["Plural-Forms"] == source.metadata["Plural-Forms"]


@pytest.mark.parametrize("language", OTHERS)
def test_placeholders_agree(language):
    def placeholders(text):
        return sorted(PLACEHOLDER.findall(text))

    for entry in polib.pofile(str(catalogue(language, "po"))):
        many = placeholders(entry.msgid_plural or entry.msgid)
        # “One day” names no number; a language that has it for 0 too may do without.
        one = entry.msgstr_plural.get(0, entry.msgstr)
        assert placeholders(one) in (placeholders(entry.msgid), many), entry.msgid
        assert placeholders(entry.msgstr_plural.get(1, entry.msgstr)) == many, entry.msgid


@pytest.mark.parametrize("language", OTHERS)
def test_one_and_many_are_told_apart(language):
    with translation.override(language):
        texts = [
            translation.ngettext("%(minutes)d minute", "%(minutes)d minutes", n) % {"minutes": n}
            for n in (1, 20)
        ]
    assert (
        texts
        == {
            "de": ["1 Minute", "20 Minuten"],
            "fr": ["1 minute", "20 minutes"],
            "nl": ["1 minuut", "20 minuten"],
        }[language]
    )


def test_without_the_tools_nothing_is_written(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    assert messages.main([]) == 1
    assert "gettext" in capsys.readouterr().out


# What is said


def rows(stage, kind, about) -> list[Notification]:
    """Return what each is told who may be: Dana, whoever has the booking then, a manager."""
    drivers = {stage.dana, stage.booking.driver}
    return [
        *(stage.tell(kind, "driver", to=driver, **about) for driver in drivers),
        stage.tell(kind, "manager", **about),
    ]


def in_language(language: str, row: Notification) -> Notification:
    """Return a row as it is read once all people speak a language."""
    Driver.objects.update(locale=language)
    User.objects.update(language=language)
    return Notification.objects.get(pk=row.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("situation", SITUATIONS)
def test_mails_are_in_the_readers_language_throughout(stage, situation, untranslated):
    kind, happen = SITUATIONS[situation]
    for row in rows(stage, kind, happen(stage)):
        plain = compose(in_language("", row))
        for language in OTHERS:
            mail = compose(in_language(language, row))
            assert mail.subject.splitlines() == [mail.subject]
            assert f'<html lang="{language}">' in mail.alternatives[0].content
            assert mail.subject != plain.subject
            assert mail.body.splitlines()[0] != plain.body.splitlines()[0]
    assert untranslated.texts == set()


OF_WISHES = {
    Notification.Kind.OFFERED: WishEvent.What.OFFERED,
    Notification.Kind.WAIT_ENDED: WishEvent.What.ENDED,
}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", OF_WISHES)
def test_mails_of_the_waiting_list_are_too(kind, fleet, manager, untranslated):
    NotificationPreference.objects.create(fleet=fleet, kind=kind, managers="asked", driver=False)
    wish = WishFactory(fleet=fleet, created_by=manager)
    record(wish, what=OF_WISHES[kind], offer=OfferFactory(wish=wish))
    assert_in_every_language(Notification.objects.get(kind=kind), untranslated)


OF_BUDGETS = {
    Notification.Kind.BUDGET_WARNED: BudgetWarning.Level.WARNED,
    Notification.Kind.BUDGET_OVERSPENT: BudgetWarning.Level.OVERSPENT,
}


@pytest.mark.django_db
@pytest.mark.parametrize("of_the_fleet", [True, False])
@pytest.mark.parametrize("kind", OF_BUDGETS)
def test_mails_about_budgets_are_too(kind, of_the_fleet, fleet, fleet_admin, untranslated):
    cost_centre = None if of_the_fleet else CostCentreFactory(fleet=fleet)
    warning = BudgetWarning.objects.create(
        budget=BudgetFactory(fleet=fleet, cost_centre=cost_centre),
        month=MONTH,
        level=OF_BUDGETS[kind],
        spent=Decimal(1200),
        amount=Decimal(1000),
        currency="EUR",
    )
    row = Notification.objects.create(
        kind=kind,
        audience="manager",
        budget_warning=warning,
        recipient_user=fleet_admin,
        recipient_email=fleet_admin.email,
    )
    assert_in_every_language(row, untranslated)


@pytest.mark.django_db
def test_so_is_the_monthly_report(fleet, fleet_admin, untranslated):
    name_recipient(fleet=fleet, user=fleet_admin, email="", language="", by=fleet_admin)
    row = Notification.objects.create(
        kind=Notification.Kind.MONTH_REPORT,
        audience="manager",
        fleet=fleet,
        month=MONTH,
        recipient_user=fleet_admin,
        recipient_email=fleet_admin.email,
    )
    assert_in_every_language(row, untranslated)


@pytest.mark.django_db
def test_so_is_the_page_that_ends_the_monthly_report(client, fleet, fleet_admin, untranslated):
    for language in OTHERS:
        recipient = MailRecipient.objects.create(
            fleet=fleet, email=f"{language}@fleet.example", language=language
        )
        for send in (client.get, client.post):
            answer = send(f"/report-mail/{recipient.secret}/")
            assert answer.status_code == 200
            assert answer["Content-Language"] == language
            assert f'<html lang="{language}"' in answer.content.decode()
    assert untranslated.texts == set()


def assert_in_every_language(row: Notification, untranslated: Untranslated) -> None:
    plain = compose(row)
    for language in OTHERS:
        mail = compose(in_language(language, row))
        assert f'<html lang="{language}">' in mail.alternatives[0].content
        assert mail.subject != plain.subject
        assert mail.body.splitlines()[0] != plain.body.splitlines()[0]
    assert untranslated.texts == set()


def test_each_kind_of_mail_has_a_situation():
    kinds = {kind for kind, _happen in SITUATIONS.values()}
    kinds |= {*OF_WISHES, *OF_BUDGETS, Notification.Kind.MONTH_REPORT}
    assert kinds == set(Notification.Kind)


@pytest.mark.django_db
def test_calendar_entries_are_too(stage, untranslated):
    for status in Booking.Status:
        stage.save(status=status)
        for language in OTHERS:
            with translation.override(language):
                booking_calendar(stage.booking, for_driver=True)
                feed_calendar([stage.booking], name="Fleet")
    assert untranslated.texts == set()


def test_what_sites_offer_is_too(untranslated):
    for language in OTHERS:
        with translation.override(language):
            facts.access_labels(facts.ACCESS_METHODS)
            for code in facts.CONNECTOR_TYPES:
                facts.connector_label(code)
    assert untranslated.texts == set()


PAGES = ("", "cancel/", "late/")


@pytest.mark.django_db
@pytest.mark.parametrize("open_change", ["", *Booking.OpenChange])
@pytest.mark.parametrize("status", Booking.Status)
def test_a_drivers_page_is_too(client, stage, status, open_change, untranslated):
    stage.save(status=status, open_change=open_change)
    address = f"/d/{link_token(stage.booking, stage.dana)}/"
    for language in OTHERS:
        Driver.objects.update(locale=language)
        for page in PAGES:
            answer = client.get(address + page)
            assert answer.status_code == 200
            assert answer["Content-Language"] == language
            assert f'<html lang="{language}"' in answer.content.decode()
    assert untranslated.texts == set()


@pytest.mark.django_db
@pytest.mark.parametrize("language", OTHERS)
def test_what_a_driver_does_is_answered_in_their_language(client, stage, language, untranslated):
    BookingRequestFactory(
        booking=stage.booking, kind="cancel", status="rejected", rejection_reason="Too late."
    )
    Driver.objects.update(locale=language)
    address = f"/d/{link_token(stage.booking, stage.dana)}/"
    said = {"minutes": "20", "note": "Stuck in the tunnel."}
    for page, form in [
        ("late/", {}),
        ("late/", said | {"minutes": "21"}),
        ("late/", said | {"note": "x" * 300}),
        ("late/", said),
        ("late/", said | {"minutes": "10"}),
        ("cancel/", {"version": "999999"}),
    ]:
        answer = client.post(address + page, form, follow=True)
        assert answer.status_code == 200
        assert f'<html lang="{language}"' in answer.content.decode()
    assert untranslated.texts == set()


@pytest.mark.django_db
@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("language", OTHERS)
def test_whoever_opens_a_dead_link_reads_their_browsers_language(
    client, language, settings, untranslated
):
    settings.LINK_VISITS_PER_MINUTE = 1
    for status in (404, 429):
        answer = client.get("/d/nothing/", headers={"accept-language": f"{language},en;q=0.5"})
        assert answer.status_code == status
        assert answer["Content-Language"] == language
        assert f'<html lang="{language}"' in answer.content.decode()
        assert "Accept-Language" in answer["Vary"]
    assert untranslated.texts == set()


# Pages


@pytest.mark.django_db
@pytest.mark.usefixtures("_operator_away")
# In the first of the languages, `test_who_may_open_what` goes through them all.
@pytest.mark.parametrize("language", OTHERS[1:])
@pytest.mark.parametrize("name", ["anonymous", "admin"])
def test_each_page_is_in_its_readers_language_throughout(
    name, language, browser, things, people, untranslated
):
    if people[name]:
        User.objects.filter(pk=people[name].pk).update(language=language)
    client = browser(name)
    headers = {} if people[name] else {"accept-language": language}
    amiss = [
        (entry.path, told)
        for entry, answer in go_through(client, WHOLE_PAGES, things, **headers)
        if (told := language_amiss(entry, answer, language))
    ]
    assert amiss == []
    assert untranslated.texts == set()


@pytest.mark.django_db
def test_who_has_chosen_no_language_gets_the_browsers(client, manager):
    client.force_login(manager)
    german = client.get("/bookings/", headers={"accept-language": "de-AT,de;q=0.9,en;q=0.5"})
    assert '<html lang="de"' in german.content.decode()
    assert "Buchungen" in german.content.decode()
    assert "Accept-Language" in german["Vary"]
    other = client.get("/bookings/", headers={"accept-language": "pl"})
    assert '<html lang="en"' in other.content.decode()


@pytest.mark.django_db
def test_a_language_is_chosen_once_for_pages_and_mails(client, manager):
    client.force_login(manager)
    chosen = {"language": "fr", "next": "/bookings/?view=past"}
    answer = client.post("/account/language/", chosen)
    assert (answer.status_code, answer.url) == (302, "/bookings/?view=past")
    manager.refresh_from_db()
    assert manager.language == "fr"
    page = client.get(answer.url, headers={"accept-language": "de"}).content.decode()
    assert '<html lang="fr"' in page
    assert re.search(r'value="fr"[^>]*aria-current="true"', page)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "back"),
    [("xx", "/bookings/"), ("de", "https://elsewhere.example/"), ("de", "//elsewhere.example")],
)
def test_nonsense_changes_nothing_and_leads_nowhere_else(client, manager, language, back):
    client.force_login(manager)
    answer = client.post("/account/language/", {"language": language, "next": back})
    assert answer.url == ("/bookings/" if language == "xx" else "/")
    manager.refresh_from_db()
    assert manager.language == ("" if language == "xx" else "de")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/account/login/", "/account/password/reset/", "/nowhere/"])
def test_strangers_are_spoken_to_in_the_browsers_language(client, path):
    for language in OTHERS:
        page = client.get(path, headers={"accept-language": language}).content.decode()
        assert f'<html lang="{language}"' in page


@pytest.mark.django_db
def test_the_back_office_does_not_mix_languages(client, staff):
    User.objects.filter(pk=staff.pk).update(language="de")
    client.force_login(staff)
    page = client.get("/back-office/bookings/booking/", headers={"accept-language": "de"})
    assert page["Content-Language"] == "en"
    assert '<html lang="en"' in page.content.decode()


@pytest.mark.django_db
def test_a_driver_leaves_no_language_behind(client, as_manager, stage):
    Driver.objects.update(locale="nl")
    client.get(f"/d/{link_token(stage.booking, stage.dana)}/")
    assert translation.get_language() == "en"
    assert '<html lang="en"' in as_manager.get("/bookings/").content.decode()
