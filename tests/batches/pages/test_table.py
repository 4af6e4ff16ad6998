"""The page of a table: what it says, what can be changed, how it is sent, what became of it."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from batches.models import Batch, BatchRow
from bookings.models import Booking
from sites.models import Evse
from tests.factories import BookingFactory, EvseFactory, MembershipFactory
from tests.small_operator import forget_free_times

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def colleague(fleet) -> Client:
    """Another manager of the fleet, in a browser of their own."""
    client = Client()
    client.force_login(MembershipFactory(fleet=fleet).user)
    return client


def at(batch, part="") -> str:
    return f"/bookings/tables/{batch.pk}/{part}"


def sending(page: str) -> dict[str, str]:
    """Return what the button that sends the table sends."""
    form = page[page.index("/send/?page=") :]
    found = re.findall(r'name="(version|seen)" value="([^"]*)"', form)
    return dict(found)


def edited(row, **changes) -> dict[str, str]:
    zone = row.location.zone
    start, end = row.start_at.astimezone(zone), row.end_at.astimezone(zone)
    values = {
        "vehicle": str(row.vehicle_id or ""),
        "driver": str(row.driver_id or ""),
        "site": row.location.name,
        "evse": str(row.evse_id or ""),
        "day": start.date().isoformat(),
        "begin": f"{start:%H:%M}",
        "end": f"{end:%H:%M}",
        "reference": row.reference,
    }
    return values | changes


def test_each_row_says_what_is_known_and_one_click_sends_all(as_manager, draft, wish, van, driver):
    batch = draft(wish(vehicle=van(number="Van 7")), wish(after=2), wish(driver=None, after=4))
    page = as_manager.get(at(batch)).content.decode()
    assert "Van 7" in page
    assert "Ask for 2 bookings" in page
    assert "1 cannot be asked for" in page
    answer = as_manager.post(at(batch, "send/"), sending(page), follow=True)
    page = answer.content.decode()
    assert "0 of 3 booked" in page
    assert "2 waiting for the operator" in page
    assert "Please pick a driver" in page
    assert Booking.objects.count() == 2


def test_the_back_button_and_a_second_click_send_nothing_again(as_manager, draft, wish):
    batch = draft(wish())
    form = sending(as_manager.get(at(batch)).content.decode())
    as_manager.post(at(batch, "send/"), form)
    page = as_manager.post(at(batch, "send/"), form, follow=True).content.decode()
    assert "was sent already" in page
    assert Booking.objects.count() == 1


def test_a_stale_proposal_is_shown_again_with_the_rows_that_changed(
    as_manager, draft, wish, operator
):
    batch = draft(wish(), wish(after=3))
    form = sending(as_manager.get(at(batch)).content.decode())
    row = batch.rows.last()
    operator.add_booking(location_id=101, evse_id=301, start_at=row.start_at, end_at=row.end_at)
    forget_free_times()
    answer = as_manager.post(at(batch, "send/"), form)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "1 row is no longer as it was shown" in page
    assert "Changed: row 2." in page
    assert "Changed since you looked:" in page
    assert not Booking.objects.exists()
    as_manager.post(at(batch, "send/"), sending(page))
    assert Booking.objects.count() == 1


def test_what_somebody_else_changed_is_not_sent_unseen(as_manager, draft, wish):
    batch = draft(wish())
    form = sending(as_manager.get(at(batch)).content.decode())
    as_manager.post(at(batch, f"rows/{batch.rows.get().pk}/out/"))
    answer = as_manager.post(at(batch, "send/"), form)
    assert "Somebody has changed this table" in answer.content.decode()
    assert not Booking.objects.exists()


def test_a_form_that_says_nothing_of_what_was_seen_sends_nothing(as_manager, draft, wish):
    batch = draft(wish())
    assert as_manager.post(at(batch, "send/")).status_code == 409
    assert not Booking.objects.exists()


def test_a_row_is_edited_on_a_page_of_its_own_or_in_place(as_manager, draft, wish, van, driver):
    batch = draft(wish(driver=None))
    row, vehicle = batch.rows.get(), van()
    url = at(batch, f"rows/{row.pk}/")
    assert "<html" in as_manager.get(url).content.decode()
    assert "<html" not in as_manager.get(url, headers=HTMX).content.decode()
    form = edited(row, vehicle=str(vehicle.pk), driver=str(driver.pk), reference="Tour 9")
    page = as_manager.post(url, form, headers=HTMX).content.decode()
    assert 'id="batch-table"' in page
    assert "Ask for 1 booking" in page
    row.refresh_from_db()
    assert (row.vehicle, row.driver, row.reference) == (vehicle, driver, "Tour 9")
    assert as_manager.post(url, form).url == at(batch)
    batch.refresh_from_db()
    assert batch.version == 2


def opened(page: str) -> str:
    """Return the mark of the row that a form was shown with."""
    return re.search(r'name="seen" value="([^"]+)"', page)[1]


def test_a_row_that_a_colleague_changed_meanwhile_is_not_overwritten_unseen(
    as_manager, colleague, draft, wish, driver, other_driver
):
    batch = draft(wish())
    row = batch.rows.get()
    url = at(batch, f"rows/{row.pk}/")
    seen = opened(as_manager.get(url, headers=HTMX).content.decode())
    colleague.post(url, edited(row, driver=str(other_driver.pk)))
    form = edited(row, reference="Tour 9", seen=seen)
    answer = as_manager.post(url, form, headers=HTMX)
    page = answer.content.decode()
    assert answer["HX-Retarget"] == f"#row-{row.pk}"
    assert "This row has changed since you opened it." in page
    assert 'value="Tour 9"' in page
    row.refresh_from_db()
    assert (row.driver, row.reference) == (other_driver, "")
    # Whoever has read that may do so all the same.
    as_manager.post(url, form | {"seen": opened(page)}, headers=HTMX)
    row.refresh_from_db()
    assert (row.driver, row.reference) == (driver, "Tour 9")


def test_changes_of_other_rows_keep_no_row_from_being_saved(
    as_manager, colleague, draft, wish, other_driver
):
    batch = draft(wish(), wish(after=2))
    first, second = batch.rows.all()
    url = at(batch, f"rows/{first.pk}/")
    seen = opened(as_manager.get(url, headers=HTMX).content.decode())
    for client in (as_manager, colleague):
        client.post(at(batch, f"rows/{second.pk}/"), edited(second, reference="Tour 2"))
    page = as_manager.post(url, edited(first, reference="Tour 1", seen=seen), headers=HTMX)
    assert 'id="batch-table"' in page.content.decode()
    first.refresh_from_db()
    assert first.reference == "Tour 1"


def test_a_row_that_is_saved_with_two_clicks_has_changed_for_nobody(as_manager, draft, wish):
    batch = draft(wish(driver=None))
    row = batch.rows.get()
    url = at(batch, f"rows/{row.pk}/")
    form = edited(row, reference="Tour 9", seen=opened(as_manager.get(url).content.decode()))
    for _click in range(2):
        assert as_manager.post(url, form).url == at(batch)


def test_what_was_not_booked_for_want_of_a_time_has_no_other_slots(as_manager, draft, wish):
    batch = draft(wish(after=2), wish(end_at=wish().start_at))
    as_manager.post(at(batch, "send/"), sending(as_manager.get(at(batch)).content.decode()))
    row = batch.rows.last()
    page = as_manager.get(at(batch)).content.decode()
    assert "The end must be after the start." in page
    assert f'id="other-{row.pk}"' not in page
    assert as_manager.get(at(batch, f"rows/{row.pk}/alternatives/")).status_code == 404


def test_what_is_wrong_in_a_row_is_said_there_and_kept(as_manager, draft, wish):
    batch = draft(wish())
    row = batch.rows.get()
    form = edited(row, begin="25:00", reference="Tour 9", driver="999999")
    answer = as_manager.post(at(batch, f"rows/{row.pk}/"), form, headers=HTMX)
    page = answer.content.decode()
    assert answer["HX-Retarget"] == f"#row-{row.pk}"
    assert "This time is not valid." in page
    assert "Tour 9" in page
    row.refresh_from_db()
    assert row.reference == ""


def test_a_row_without_a_site_gets_one_by_its_name(as_manager, draft, wish, site):
    batch = draft(wish(location=None, evse=None))
    row = batch.rows.get()
    url = at(batch, f"rows/{row.pk}/")
    assert as_manager.get(url).status_code == 200
    form = {"site": "Nowhere", "day": "2027-03-01", "begin": "08:00", "end": "09:00"}
    assert "No site of that name was found." in as_manager.post(url, form).content.decode()
    EvseFactory(charge_point__location__name="Pier 42")
    page = as_manager.post(url, form | {"site": "pier"}).content.decode()
    assert "More than one site fits: Pier 40; Pier 42." in page
    as_manager.post(url, form | {"site": "pier 40"})
    row.refresh_from_db()
    assert row.location == site
    assert f"{row.start_at.astimezone(site.zone):%H:%M}" == "08:00"


def test_a_row_moves_to_another_site_without_its_charger(as_manager, draft, wish):
    other = EvseFactory(charge_point__location__name="Brooklyn Yard").charge_point.location
    batch = draft(wish())
    row = batch.rows.get()
    as_manager.post(at(batch, f"rows/{row.pk}/"), edited(row, site="brooklyn"))
    row.refresh_from_db()
    assert (row.location, row.evse) == (other, None)


def test_chargers_that_do_not_fit_are_listed_last_with_the_reason(as_manager, draft, wish, van):
    small, large = Evse.objects.get(ampeco_id=302), Evse.objects.get(ampeco_id=301)
    batch = draft(wish(vehicle=van(plugs=["j1772"]), evse=large))
    page = as_manager.get(at(batch, f"rows/{batch.rows.get().pk}/")).content.decode()
    vehicles, chargers = (page.index(f'name="{name}"') for name in ("vehicle", "evse"))
    assert "Does not fit" in page[vehicles:chargers]
    page = page[chargers:]
    assert page.index(f'value="{small.pk}"') < page.index("Does not fit")
    assert page.index("Does not fit") < page.index(f"{large.name}: This charger has CCS1")


def test_something_is_set_for_all_that_are_to_be_asked_for(as_manager, draft, wish, other_driver):
    batch = draft(wish(driver=None), wish(driver=None, after=2), wish(driver=None, after=4))
    out = batch.rows.last()
    as_manager.post(at(batch, f"rows/{out.pk}/out/"))
    values = {"driver": other_driver.pk, "reference": "Tour 3", "chargers": "any", "begin": "20:00"}
    page = as_manager.post(at(batch, "all/"), values | {"end": "21:00"}, headers=HTMX)
    assert 'id="batch-table"' in page.content.decode()
    first, second, left_out = batch.rows.all()
    assert {row.driver for row in (first, second)} == {other_driver}
    assert (first.reference, first.evse, left_out.reference) == ("Tour 3", None, "")
    zone = first.location.zone
    assert f"{first.start_at.astimezone(zone):%H:%M}" == "20:00"
    assert first.end_at - first.start_at == timedelta(hours=1)
    assert left_out.driver is None


def test_chargers_are_proposed_anew(as_manager, draft, wish, van):
    vehicle = van(plugs=["j1772"], dc_kw=0)
    batch = draft(wish(vehicle=vehicle))
    as_manager.post(at(batch, "all/"), {"chargers": "anew"})
    assert batch.rows.get().evse.ampeco_id == 302


def test_rows_with_a_problem_are_left_out_together_and_put_back_one_by_one(as_manager, draft, wish):
    batch = draft(wish(), wish(driver=None, after=2))
    bad = batch.rows.last()
    as_manager.post(at(batch, "without/"), {"row": [bad.pk, "nonsense"]})
    assert "1 left out" in as_manager.get(at(batch)).content.decode()
    as_manager.post(at(batch, f"rows/{bad.pk}/out/"), {"back": "1"})
    bad.refresh_from_db()
    assert bad.state == BatchRow.State.PROPOSED


def test_a_row_that_a_colleague_has_mended_is_not_left_out_with_the_others(
    as_manager, colleague, draft, wish, driver
):
    batch = draft(wish(driver=None), wish(driver=None, after=2))
    mended, bad = batch.rows.all()
    colleague.post(at(batch, f"rows/{mended.pk}/"), edited(mended, driver=str(driver.pk)))
    as_manager.post(at(batch, "without/"), {"row": [mended.pk, bad.pk]})
    states = [row.state for row in batch.rows.all()]
    assert states == [BatchRow.State.PROPOSED, BatchRow.State.LEFT_OUT]


def test_drafts_have_names_are_found_and_can_be_discarded(as_manager, draft, wish):
    batch = draft(wish(), name="Tonight")
    as_manager.post(at(batch, "name/"), {"name": "Night tours"})
    for page in ("/", "/bookings/tables/"):
        assert "Night tours" in as_manager.get(page).content.decode()
    as_manager.post(at(batch, "discard/"))
    assert as_manager.get(at(batch)).status_code == 404
    assert "Night tours" not in as_manager.get("/bookings/tables/").content.decode()


def test_a_sent_table_is_changed_no_more(as_manager, draft, wish):
    batch = draft(wish())
    row = batch.rows.get()
    as_manager.post(at(batch, "send/"), sending(as_manager.get(at(batch)).content.decode()))
    for part in (f"rows/{row.pk}/out/", "discard/"):
        assert as_manager.post(at(batch, part)).url == at(batch)
    row.refresh_from_db()
    batch.refresh_from_db()
    assert (row.state, batch.state) == (BatchRow.State.ASKED, Batch.State.SENT)


def test_the_results_say_each_state_and_what_was_not_free_is_asked_for_again(
    as_manager, draft, wish, workers, operator
):
    batch = draft(wish(), wish(after=2), wish(driver=None, after=4))
    as_manager.post(at(batch, "send/"), sending(as_manager.get(at(batch)).content.decode()))
    workers.submit()
    first, second = sorted(operator.requests.values(), key=lambda asked: asked.start_at)
    operator.approve(first)
    operator.reject(second, "Under repair.")
    workers.poll()
    page = as_manager.get(at(batch), headers=HTMX).content.decode()
    assert "1 of 3 booked" in page
    assert "2 not booked" in page
    assert "Under repair." in page
    row = batch.rows.get(position=2)
    other = as_manager.get(at(batch, f"rows/{row.pk}/alternatives/"), headers=HTMX)
    assert "/bookings/new/?" in other.content.decode()
    for not_booked in batch.rows.filter(position__gt=1):
        link = re.search(rf'id="wait-{not_booked.pk}" href="([^"]+)"', page)[1]
        form = as_manager.get(unescape(link)).content.decode()
        local = not_booked.start_at.astimezone(not_booked.location.zone)
        assert f'name="from_time" value="{local:%H:%M}"' in form
        assert f'<option value="{not_booked.evse_id}" selected>' in form
    assert f'id="wait-{batch.rows.get(position=1).pk}"' not in page
    as_manager.post(at(batch, "again/"))
    again = Batch.objects.latest("pk")
    assert again != batch
    assert [row.position for row in again.rows.all()] == [1, 2]
    assert again.rows.first().start_at == row.start_at


def test_a_long_table_has_pages_and_costs_no_more_queries(
    as_manager, draft, wish, django_assert_max_num_queries, django_assert_num_queries
):
    small, long = draft(wish(), wish(after=2)), draft(*[wish(after=hour) for hour in range(120)])
    as_manager.get(at(small))
    with django_assert_max_num_queries(24) as few:
        as_manager.get(at(small))
    with django_assert_num_queries(len(few)):
        page = as_manager.get(at(long)).content.decode()
    assert page.count('id="out-') == 100
    assert "Ask for 120 bookings" in page


def test_the_page_of_a_sent_table_costs_no_more_queries(
    as_manager, draft, wish, fleet, evse, django_assert_num_queries, django_assert_max_num_queries
):
    def sent(number):
        batch = draft(*[wish(after=hour) for hour in range(number)])
        for row in batch.rows.all():
            row.booking = BookingFactory(
                rejected=True, fleet=fleet, driver=row.driver, evse=evse, start_at=row.start_at
            )
            row.state = BatchRow.State.ASKED
            row.save()
        Batch.objects.filter(pk=batch.pk).update(state=Batch.State.SENT)
        return batch

    few, many = sent(2), sent(30)
    as_manager.get(at(few))
    with django_assert_max_num_queries(14) as first:
        as_manager.get(at(few))
    with django_assert_num_queries(len(first)):
        as_manager.get(at(many))


def test_viewers_see_tables_without_controls(as_viewer, draft, wish):
    batch = draft(wish())
    page = as_viewer.get(at(batch)).content.decode()
    assert "Bay 301" in page
    assert "send-batch" not in page
    assert f"out-{batch.rows.get().pk}" not in page
    assert as_viewer.post(at(batch, "send/")).status_code == 403


def test_another_fleets_table_is_not_there(as_other_manager, draft, wish):
    batch = draft(wish())
    row = batch.rows.get()
    assert as_other_manager.get(at(batch)).status_code == 404
    for part in ("send/", "all/", "discard/", f"rows/{row.pk}/", f"rows/{row.pk}/out/"):
        assert as_other_manager.post(at(batch, part)).status_code == 404
    assert as_other_manager.get(reverse("batches:list")).content.decode().count("table-") == 0
