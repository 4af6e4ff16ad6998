"""Who charges: users, partners and the invites that tie them together."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from upstream.readers import (
    Payload,
    UnreadablePayload,
    choice,
    flag,
    instant,
    objects,
    plain_text,
    required_id,
    section,
    whole_number,
)
from upstream.tag_keys import last_digits, short_tag_key, tag_key

USER_STATUSES = frozenset({"enabled", "disabled"})
INVITE_STATUSES = frozenset({"pending", "sent", "accepted"})
ID_TAG_TYPES = frozenset({"rfid", "mac_address", "emaid"})
ID_TAG_STATUSES = frozenset({"enabled", "disabled", "suspended"})


@dataclass(frozen=True, slots=True)
class PartnerInvite:
    """A user's tie to a partner; only an accepted one makes the user part of its fleet."""

    id: int
    partner_id: int
    user_id: int | None
    status: str
    allow_private_charge_points: bool
    accepted_at: datetime | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read an invite as AMPECO gives it; what is not said is not allowed."""
        options = section(payload, "options")
        return cls(
            id=required_id(payload),
            partner_id=required_id(payload, "partnerId"),
            user_id=whole_number(payload.get("userId")),
            status=choice(payload.get("status"), INVITE_STATUSES, field="invite status"),
            allow_private_charge_points=flag(options.get("allowAccessToPrivateChargePoints"))
            or False,
            accepted_at=instant(payload.get("acceptedAt")),
        )


@dataclass(frozen=True, slots=True)
class User:
    """A driver. `partner_invites` is None where they were not asked for.

    The e-mail is spelled as the driver typed it. What tells who it is stays out of the
    representation, so that it cannot end up in a log.
    """

    id: int
    email: str = field(repr=False)
    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    locale: str
    status: str
    partner_invites: tuple[PartnerInvite, ...] | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a user as AMPECO gives it; the id comes as text and is a number here."""
        return cls(
            id=required_id(payload),
            email=plain_text(payload.get("email")),
            first_name=plain_text(payload.get("firstName")),
            last_name=plain_text(payload.get("lastName")),
            locale=plain_text(payload.get("locale")),
            status=choice(payload.get("status"), USER_STATUSES, field="user status"),
            partner_invites=_invites(payload.get("partnerInvites")),
        )


@dataclass(frozen=True, slots=True)
class Partner:
    """A company in AMPECO: a fleet here."""

    id: int
    name: str

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a partner as AMPECO gives it."""
        return cls(
            id=required_id(payload),
            name=plain_text(payload.get("name")) or plain_text(payload.get("businessName")),
        )


@dataclass(frozen=True, slots=True)
class IdTag:
    """Something that starts a charge for its user: a card, a car's own certificate or address.

    Of its number only the end is kept, and keys by which another platform's record of it is found.
    """

    id: int
    user_id: int | None
    type: str
    status: str
    label: str = field(repr=False)
    last_digits: str = field(repr=False)
    uid_key: str = field(repr=False)
    uid_short_key: str = field(repr=False)
    expires_at: datetime | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read an id tag as AMPECO gives it."""
        number = plain_text(payload.get("idTagUid"))
        return cls(
            id=required_id(payload),
            user_id=whole_number(payload.get("userId")),
            type=choice(payload.get("type"), ID_TAG_TYPES, field="id tag type"),
            status=choice(payload.get("status"), ID_TAG_STATUSES, field="id tag status"),
            label=plain_text(payload.get("idLabel")),
            last_digits=last_digits(number),
            uid_key=tag_key(number),
            uid_short_key=short_tag_key(number),
            expires_at=instant(payload.get("expireAt")),
        )


def _invites(value: object) -> tuple[PartnerInvite, ...] | None:
    if not isinstance(value, list | tuple):
        return None
    invites = []
    for entry in objects(value):
        try:
            invites.append(PartnerInvite.from_payload(entry))
        except UnreadablePayload:
            continue
    return tuple(invites)
