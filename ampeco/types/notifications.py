"""What AMPECO tells of its own accord, and to whom."""

from dataclasses import dataclass
from typing import Self

from upstream.readers import Payload, plain_text, required_id, section


@dataclass(frozen=True, slots=True)
class NotificationSubscription:
    """An address that AMPECO tells of some kinds of things, by its words for them.

    The address is empty where they go elsewhere than to a web address.
    """

    id: int
    callback_url: str
    notifications: tuple[str, ...]

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        wanted = payload.get("notifications")
        return cls(
            id=required_id(payload),
            callback_url=plain_text(section(payload, "webhook").get("callbackUrl")),
            notifications=tuple(
                each
                for each in (wanted if isinstance(wanted, list) else [])
                if isinstance(each, str)
            ),
        )
