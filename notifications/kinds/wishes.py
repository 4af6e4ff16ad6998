"""What mails about the waiting list are made of."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.wording.facts import Fact, one_line
from notifications.models import Notification
from shell.formats import in_zone, period
from waiting.models import Offer, Wish, WishEvent


class WishCase:
    """A notification about a wish, with the `offer` that it tells of, if it does."""

    def __init__(self, notification: Notification) -> None:
        assert notification.wish_event is not None
        self.notification = notification
        self.event = notification.wish_event
        self.wish: Wish = self.event.wish
        # One that nobody answered is not what was waited for.
        offered = self.event.what == WishEvent.What.OFFERED
        self.offer: Offer | None = self.event.offer if offered else None
        self.place = self.offer.location if self.offer else self.wish.location
        zone = self.place.zone
        start, end = (
            (self.offer.start_at, self.offer.end_at)
            if self.offer
            else (self.wish.window_start, self.wish.window_end)
        )
        self.when = str(period(start, end, zone))
        self.words = {
            "site": one_line(self.place.name),
            "when": self.when,
            "fleet": one_line(self.wish.fleet.name),
            "portal": settings.PORTAL_NAME,
        }
        if self.offer:
            self.words |= {
                "found": in_zone(self.offer.found_at, zone),
                "until": in_zone(self.offer.expires_at, zone),
            }

    @property
    def short_name(self) -> str:
        return _("%(site)s, %(when)s") % self.words

    @property
    def was_free(self) -> bool:
        """Whether anything that was waited for was free at some time."""
        found = (WishEvent.What.OFFERED, WishEvent.What.ASKED, WishEvent.What.NOT_ASKED)
        return self.wish.events.filter(what__in=found).exists()

    @property
    def footer(self) -> str:
        text = _(
            "Sent by %(portal)s, because you manage the bookings of %(fleet)s. Times are "
            "those of the site."
        )
        return text % self.words

    @property
    def action(self) -> tuple[str, str]:
        """Where the mail leads its reader, by label and address."""
        if self.offer and self.offer.state == Offer.State.OPEN:
            label = _("Ask for it, or let it pass")
            path = reverse("waiting:offer", args=[self.offer.uid])
        else:
            label, path = _("View it"), reverse("waiting:detail", args=[self.wish.pk])
        return label, f"{settings.SITE_URL}{path}"

    def facts(self) -> list[Fact]:
        wish, told = self.wish, [Fact(_("When"), (self.when,), strong=1)]
        told.append(Fact(_("Site"), (self.words["site"],)))
        if self.offer:
            told.append(Fact(_("Charger"), (one_line(self.offer.evse.name),)))
        if wish.vehicle is not None:
            told.append(Fact(_("Vehicle"), (one_line(wish.vehicle.name),)))
        if wish.drives is not None:
            told.append(Fact(_("Driver"), (one_line(wish.drives.display_name),)))
        if wish.reference:
            told.append(Fact(_("Reference"), (one_line(wish.reference),)))
        return told
