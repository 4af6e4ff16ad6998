"""What those are called who do things to bookings."""

from django.utils.translation import gettext as _

from accounts.models import User
from bookings.models import Actor
from drivers.models import Driver


def who_did(actor: str, user: User | None = None, driver: Driver | None = None) -> str:
    """Return whoever did something as the middle of a sentence names them.

    “Maya Okafor”, “the driver Ana Alvarez”, “the operator”. The operator's staff stay nameless.
    """
    if actor == Actor.MANAGER and user is not None:
        return user.display_name
    if actor == Actor.DRIVER and driver is not None:
        return _("the driver %(name)s") % {"name": driver.display_name}
    names = {
        Actor.MANAGER: _("a fleet manager"),
        Actor.STAFF: _("the operator’s staff"),
        Actor.DRIVER: _("the driver"),
        Actor.PORTAL: _("the portal"),
        Actor.OPERATOR: _("the operator"),
    }
    return names[Actor(actor)]
