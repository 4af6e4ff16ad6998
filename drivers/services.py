"""What managers can do with their fleet's drivers."""

import logging
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from ampeco import types
from ampeco.client import AmpecoClient
from ampeco.connection import get_client, note_accepted, note_refused
from drivers.lookups import TooManyLookups, count_lookup
from drivers.models import Driver, Fleet
from drivers.permissions import current_drivers
from drivers.sync import ACCEPTED
from drivers.upserts import Belonging, is_storable, store_drivers
from upstream.emails import email_key, email_spellings
from upstream.errors import (
    UpstreamError,
    UpstreamForbidden,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnauthorized,
)

logger = logging.getLogger(__name__)

INVITED = frozenset({"pending", "sent"})


class DriverNotAdded(Exception):
    """Nobody was added. `message` is for the person who asked and says no more than they may know.

    `code` is one of `already`, `not-in-fleet`, `pending`, `disabled`, `too-many`, `busy`,
    `unreachable`, `not-permitted`, `refused`, `erased`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


def add_driver_by_email(*, fleet: Fleet, user: User, email: str) -> Driver:
    """Look a driver up at the operator, however the e-mail is spelled, and add them to the fleet.

    Only users who accepted an invite of the fleet's partner are added. Of all others the same is
    said after the same calls, so that nobody learns who has an account with the operator. Each
    look-up counts against the limits of the user and of the fleet. Raises DriverNotAdded with
    nothing changed.
    """
    email = email.strip()
    known = current_drivers(fleet).filter(email__in=email_spellings(email)).first()
    if known and known.status == Driver.Status.ENABLED:
        raise _already(known)
    try:
        count_lookup(fleet=fleet, user=user)
    except TooManyLookups as error:
        raise DriverNotAdded("too-many", _too_many(error.minutes)) from None
    belonging = _look_up(fleet, email)
    with transaction.atomic():
        stored = store_drivers(fleet, [belonging], now=timezone.now())
    if not stored.drivers:
        raise DriverNotAdded(
            "erased",
            _(
                "This driver’s data was erased from the portal on request. The operator’s staff "
                "can let the driver back in."
            ),
        )
    driver = stored.drivers[0]
    if not stored.joined and not known:
        # The operator knows them by another e-mail than the mirror did.
        raise _already(driver)
    return driver


def _look_up(fleet: Fleet, email: str) -> Belonging:
    """Return the user with this e-mail as one of the fleet's. Raises DriverNotAdded."""
    client = get_client()
    try:
        users = client.find_users_by_email(email, partner_id=fleet.ampeco_partner_id)
        ties = [(user, *_invites_of(user, fleet=fleet, client=client)) for user in users]
        if not any(_belongs(invites, fleet) for _user, invites, _knows_all in ties):
            # Where the operator compares exactly, it may hold the address in another case.
            known = {user.id for user in users}
            ties += [
                (user, *_invites_of(user, fleet=fleet, client=client))
                for user in client.users_of_partner(fleet.ampeco_partner_id)
                if email_key(user.email) == email_key(email) and user.id not in known
            ]
    except UpstreamError as error:
        raise _not_looked_up(error) from None
    note_accepted()
    for user, invites, knows_all in ties:
        accepted = tuple(invite for invite in invites if invite.status == ACCEPTED)
        if _belongs(accepted, fleet):
            return _checked(Belonging(user=user, accepted=accepted, knows_all=knows_all))
    if any(
        invite.partner_id == fleet.ampeco_partner_id and invite.status in INVITED
        for _user, invites, _knows_all in ties
        for invite in invites
    ):
        raise DriverNotAdded(
            "pending",
            _(
                "This driver has not accepted the invitation yet. It is in their e-mail or in the"
                " driver app."
            ),
        )
    raise DriverNotAdded(
        "not-in-fleet",
        _(
            "No driver of your fleet has this e-mail address. The driver must sign up in the "
            "driver app, and accept the operator’s invitation to “%(fleet)s”."
        )
        % {"fleet": fleet.name},
    )


def _belongs(invites: Iterable[types.PartnerInvite], fleet: Fleet) -> bool:
    return any(
        invite.partner_id == fleet.ampeco_partner_id and invite.status == ACCEPTED
        for invite in invites
    )


def _invites_of(
    user: types.User, *, fleet: Fleet, client: AmpecoClient
) -> tuple[tuple[types.PartnerInvite, ...], bool]:
    if user.partner_invites is not None:
        return user.partner_invites, True
    partner_id = fleet.ampeco_partner_id
    return tuple(client.partner_invites(partner_id=partner_id, user_id=user.id)), False


def _checked(belonging: Belonging) -> Belonging:
    user = belonging.user
    if user.status == Driver.Status.DISABLED:
        name = f"{user.first_name} {user.last_name}".strip() or user.email
        raise DriverNotAdded(
            "disabled", _("%(driver)s is disabled by the operator.") % {"driver": name}
        )
    if user.status != Driver.Status.ENABLED:
        raise DriverNotAdded(
            "refused", _("The operator's system does not say that this driver is enabled.")
        )
    if not is_storable(user):
        raise DriverNotAdded(
            "refused", _("The operator has no usable e-mail address for this driver.")
        )
    return belonging


def _not_looked_up(error: UpstreamError) -> DriverNotAdded:
    """Return in plain words that the operator did not answer; the cause goes to the log."""
    logger.warning("A driver could not be looked up: %s", error)
    if isinstance(error, UpstreamUnauthorized):
        if not isinstance(error, UpstreamForbidden):
            note_refused()
        return DriverNotAdded(
            "not-permitted",
            _("Drivers cannot be added at the moment. The operator has been notified."),
        )
    if isinstance(error, UpstreamRateLimited):
        return DriverNotAdded(
            "busy",
            _("The operator's system is busy. Nothing was changed. Please try again in a minute."),
        )
    if isinstance(error, UpstreamRejected):
        return DriverNotAdded(
            "refused", _("The operator's system does not accept this e-mail address.")
        )
    return DriverNotAdded(
        "unreachable",
        _(
            "The operator's system cannot be reached just now. Nothing was changed. "
            "Please try again in a few minutes."
        ),
    )


def _already(driver: Driver) -> DriverNotAdded:
    return DriverNotAdded(
        "already", _("%(driver)s is already in your fleet.") % {"driver": driver.display_name}
    )


def _too_many(minutes: int) -> str:
    return ngettext(
        "Too many drivers were looked up in the past hour. Please try again in %(minutes)s minute.",
        "Too many drivers were looked up in the past hour. Please try again in "
        "%(minutes)s minutes.",
        minutes,
    ) % {"minutes": minutes}
