"""`manage.py ampeco_notifications subscribe|list|unsubscribe`."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ampeco.connection import get_client
from hooks.subscription import is_ours, our_address, subscribe, unsubscribe
from upstream.errors import UpstreamError, UpstreamForbidden, UpstreamRejected, UpstreamUnauthorized


class Command(BaseCommand):
    """Lets AMPECO tell the portal when something happens, or lets it be silent."""

    help = (
        "Subscribes the portal to AMPECO's notifications, lists all subscriptions that the "
        "operator has, or removes the portal's own."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what may be asked for."""
        parser.add_argument("what", choices=["subscribe", "list", "unsubscribe"])

    def handle(self, **options: Any) -> None:
        """Do it; exit with 1 and one sentence where the operator does not let it be done."""
        try:
            getattr(self, options["what"])()
        except UpstreamError as error:
            raise CommandError(why(error)) from None

    def subscribe(self) -> None:
        subscription, is_new = subscribe(get_client())
        self.stdout.write(
            f"Subscription {subscription.id} {'is made' if is_new else 'was there already'}: "
            f"AMPECO tells {our_address()} of {', '.join(subscription.notifications)}."
        )
        if not settings.SERVED_OVER_HTTPS:
            self.stdout.write("SITE_URL is no https address: AMPECO may not be able to reach it.")

    def list(self) -> None:
        found = get_client().notification_subscriptions()
        for subscription in found:
            ours = " (the portal's)" if is_ours(subscription) else ""
            address = subscription.callback_url or "no web address"
            self.stdout.write(
                f"{subscription.id}: {address}{ours}: {', '.join(subscription.notifications)}"
            )
        if not any(map(is_ours, found)):
            self.stdout.write(f"The portal has none: nothing is told to {our_address()}.")

    def unsubscribe(self) -> None:
        removed = unsubscribe(get_client())
        self.stdout.write(f"Removed: {removed}." if removed else "The portal had none.")


def why(error: UpstreamError) -> str:
    """Return in a sentence why something could not be done at the operator."""
    if isinstance(error, UpstreamForbidden):
        return "The operator does not let this token manage notifications (403)."
    if isinstance(error, UpstreamUnauthorized):
        return "The operator refuses the token (401): see AMPECO_API_TOKEN."
    if isinstance(error, UpstreamRejected):
        return f"The operator did not take it: {'; '.join(error.messages) or error}"
    return f"The operator did not answer as it should: {error}"
