"""`manage.py check_ampcontrol`."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ampcontrol.connection import get_client, is_on, switched_on
from ampcontrol.types import Account, Network
from upstream.errors import (
    UpstreamError,
    UpstreamForbidden,
    UpstreamRateLimited,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)

READS_ONLY = "read_only"


class Command(BaseCommand):
    """Looks whether the settings lead to Ampcontrol, and says what is there; changes nothing."""

    help = "Asks Ampcontrol whose token this is and which networks it sees; two calls."

    def handle(self, **options: Any) -> None:  # noqa: ARG002
        """Do it; exit with 1 and one sentence where Ampcontrol cannot be read."""
        if not is_on():
            raise CommandError("Ampcontrol is off: AMPCONTROL_BASE_URL is not set.")
        client = get_client()
        try:
            account = client.me()
            networks = list(client.networks())
        except UpstreamError as error:
            raise CommandError(sentence_about(error)) from None
        for line in (*about_account(account), *about_networks(networks), *about_writes(account)):
            self.stdout.write(line)


def about_account(account: Account) -> Iterator[str]:
    yield f"Ampcontrol answers at {urlsplit(settings.AMPCONTROL_BASE_URL).hostname}."
    yield f"The token is that of user “{account.name or account.id}”."
    yield f"Customer: {account.customer or 'not said'}. Role: {account.type or 'not said'}."


def about_networks(networks: list[Network]) -> Iterator[str]:
    if not networks:
        yield "It sees no network: nothing will be read or shown."
        return
    yield f"It sees {len(networks)} network{'s' if len(networks) > 1 else ''}:"
    for network in sorted(networks, key=lambda one: (one.name, one.id)):
        capacity = network.max_capacity_kw
        power = f"{capacity.normalize():f} kW" if capacity is not None else "capacity not said"
        objective = network.objective or "not said"
        idle = "; nothing is steered there" if objective == "off" else ""
        yield f"- {network.name or network.id}: objective {objective}{idle}, {power}."


def about_writes(account: Account) -> Iterator[str]:
    words = sorted(switch.value for switch in switched_on())
    if not words:
        yield "The portal only reads: AMPCONTROL_WRITES names nothing."
        return
    yield f"The portal writes: {', '.join(words)}."
    if account.type == READS_ONLY:
        yield "But the token's role is read_only: Ampcontrol will refuse all of that."


def sentence_about(error: UpstreamError) -> str:
    """Return what is wrong, and what to do about it."""
    match error:
        case UpstreamForbidden():
            return "The token is good, but may not read this (403): ask Ampcontrol for the right."
        case UpstreamUnauthorized():
            return (
                "Ampcontrol refuses the token (401): ask Ampcontrol for another one and set "
                "AMPCONTROL_API_TOKEN."
            )
        case UpstreamRateLimited():
            return f"Calls are held back: try again in {error.retry_after:.0f} seconds."
        case UpstreamUnavailable() if error.status is None:
            return "Ampcontrol does not answer: does AMPCONTROL_BASE_URL lead there?"
    answer = f" with {error.status}" if error.status else ""
    return f"Ampcontrol answers{answer}, but not as expected: does AMPCONTROL_BASE_URL lead there?"
