"""The portal's subscription to AMPECO's notifications: made, looked at and removed by a person."""

from django.conf import settings
from django.urls import reverse

from ampeco.client import AmpecoClient
from ampeco.types import NotificationSubscription
from hooks.hints import WANTED
from upstream.errors import UpstreamNotFound


def our_address() -> str:
    return f"{settings.SITE_URL}{reverse('hooks:ampeco')}"


def is_ours(subscription: NotificationSubscription) -> bool:
    return subscription.callback_url.rstrip("/") == our_address()


def subscribe(client: AmpecoClient) -> tuple[NotificationSubscription, bool]:
    """Let AMPECO tell the portal what it wants to know; return the subscription, and if it is new.

    One of ours that tells something else is replaced, and further ones are removed. Raises
    UpstreamError.
    """
    kept = None
    for subscription in filter(is_ours, client.notification_subscriptions()):
        if kept is None and set(subscription.notifications) == set(WANTED):
            kept = subscription
        else:
            _remove(client, subscription)
    if kept is not None:
        return kept, False
    return client.subscribe_to_notifications(our_address(), WANTED), True


def unsubscribe(client: AmpecoClient) -> int:
    """Remove what is ours, and nothing else; return how many there were. Raises UpstreamError."""
    ours = list(filter(is_ours, client.notification_subscriptions()))
    for subscription in ours:
        _remove(client, subscription)
    return len(ours)


def _remove(client: AmpecoClient, subscription: NotificationSubscription) -> None:
    try:
        client.unsubscribe_from_notifications(subscription.id)
    except UpstreamNotFound:
        return  # Somebody else was faster.
