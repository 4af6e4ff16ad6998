"""What the operator tells of its own accord."""

from collections.abc import Sequence

from ampeco.calls.base import Calls
from ampeco.resources import items_of
from ampeco.types import NotificationSubscription

NOTIFICATIONS = "notifications/v2.0"


class NotificationCalls(Calls):
    """Calls about notifications."""

    def notification_subscriptions(self) -> list[NotificationSubscription]:
        """Return all of the operator's, not only ours."""
        return list(
            items_of(
                self._resources.pages(
                    "notification_subscriptions",
                    NOTIFICATIONS,
                    NotificationSubscription.from_payload,
                )
            )
        )

    def subscribe_to_notifications(
        self, callback_url: str, notifications: Sequence[str]
    ) -> NotificationSubscription:
        """Let an address be told of some kinds of things, signed with this client's token.

        Sent once; an address that has subscribed already is told twice from then on.
        """
        body = {
            "via": "webhook",
            "notifications": list(notifications),
            "webhook": {"callbackUrl": callback_url},
        }
        return self._resources.submit(
            "subscribe_to_notifications",
            NOTIFICATIONS,
            body,
            NotificationSubscription.from_payload,
        )

    def unsubscribe_from_notifications(self, subscription_id: int) -> None:
        self._resources.remove("unsubscribe_from_notifications", NOTIFICATIONS, subscription_id)
