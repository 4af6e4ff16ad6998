"""What is mailed of the waiting list, and when it is no longer true."""

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils.timezone import now

from notifications.delivery import deliver_due
from notifications.models import Notification
from shell.formats import period
from team.handover import hand_over
from tests.factories import MembershipFactory, OfferFactory, WishFactory
from tests.waiting.conftest import look
from waiting.actions import let_pass
from waiting.models import Offer, WishEvent
from waiting.state import UNANSWERED, move_wish, record

pytestmark = pytest.mark.django_db


def offered(**wish) -> Offer:
    offer = OfferFactory(wish=WishFactory(state="offered", reference="Tour 7", **wish))
    record(offer.wish, what=WishEvent.What.OFFERED, offer=offer)
    return offer


def test_an_offer_is_mailed_with_a_link_and_an_honest_sentence(
    wait, cancel, evse, manager, settings
):
    wish = wait()
    cancel()
    deliver_due()
    mail.outbox.clear()
    look(evse)
    deliver_due()
    (message,) = mail.outbox
    offer = wish.offers.get()
    assert message.to == [manager.email]
    assert message.subject.startswith("Free: Pier 40, ")
    assert f"{settings.SITE_URL}{reverse('waiting:offer', args=[offer.uid])}" in message.body
    for words in ("It is not reserved at the operator", "Tour 7", wish.driver.display_name):
        assert words in message.body
    assert not message.attachments


@pytest.mark.parametrize("happens", ["it is let pass", "it expires", "it is taken"])
def test_an_offer_that_is_over_is_mailed_to_nobody(fleet, manager, happens):
    offer = offered(fleet=fleet, created_by=manager)
    if happens == "it is let pass":
        let_pass(offer, user=manager)
    elif happens == "it expires":
        Offer.objects.update(expires_at=now())
    else:
        Offer.objects.update(state="taken")
    deliver_due()
    assert mail.outbox == []
    assert Notification.objects.get().state == "dropped"


def test_whoever_waited_in_vain_is_told(fleet, manager):
    wish = WishFactory(fleet=fleet, created_by=manager)
    move_wish(wish, to="ended", what=WishEvent.What.ENDED)
    deliver_due()
    (message,) = mail.outbox
    assert message.subject.startswith("Nothing became free: ")
    assert reverse("waiting:detail", args=[wish.pk]) in message.body


def test_what_was_free_and_not_booked_is_not_said_never_to_have_been(fleet, manager):
    wish = WishFactory(fleet=fleet, created_by=manager)
    record(wish, what=WishEvent.What.NOT_ASKED, note="The operator has disabled this driver.")
    move_wish(wish, to="ended", what=WishEvent.What.ENDED)
    deliver_due()
    (message,) = mail.outbox
    assert message.subject.startswith("Waiting ended: ")
    assert "What became free was not booked" in message.body
    assert "Nothing became free" not in message.body


def test_whoever_answered_no_offer_is_told_what_was_waited_for(fleet, manager):
    offer = offered(fleet=fleet, created_by=manager)
    deliver_due()
    mail.outbox.clear()
    move_wish(
        offer.wish,
        to="ended",
        what=WishEvent.What.ENDED,
        offer=offer,
        offer_becomes=Offer.State.LET_PASS,
        note=UNANSWERED,
    )
    deliver_due()
    (message,) = mail.outbox
    wish = offer.wish
    assert message.subject.startswith("Waiting ended: ")
    assert "Nobody answered the offers" in message.body
    assert period(wish.window_start, wish.window_end, wish.location.zone) in message.body


def test_it_is_mailed_in_the_language_of_its_reader(fleet, manager):
    manager.language = "de"
    manager.save()
    offered(fleet=fleet, created_by=manager)
    deliver_due()
    assert "Chargebook" in mail.outbox[0].body
    assert '<html lang="de"' in mail.outbox[0].alternatives[0].content


def test_what_was_mailed_stands_in_the_list_of_what_was_sent(as_manager, fleet, manager):
    offer = offered(fleet=fleet, created_by=manager)
    offered(fleet=WishFactory().fleet, created_by=None)
    deliver_due()
    page = as_manager.get(reverse("notifications:sent")).content.decode()
    assert page.count('id="mail-') == 1
    assert reverse("waiting:detail", args=[offer.wish_id]) in page


def test_a_mail_server_that_refuses_for_good_puts_no_booking_under_attention(fleet, manager):
    offered(fleet=fleet, created_by=manager)
    Notification.objects.update(
        recipient_email="not an address", created_at=now() - timedelta(days=2)
    )
    deliver_due()
    assert Notification.objects.get().state == "given-up"


def test_who_leaves_hands_over_what_is_waited_for(fleet, manager):
    heir = MembershipFactory(fleet=fleet).user
    offer = offered(fleet=fleet, created_by=manager)
    hand_over(fleet=fleet, giver=manager, taker=heir, actor="manager", by=manager)
    offer.wish.refresh_from_db()
    assert offer.wish.created_by == heir
    assert Notification.objects.get().recipient_user == heir
