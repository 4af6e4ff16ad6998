"""The client of the AMPECO public API: one method for each call of the portal, in our words.

Every method raises the errors of `upstream.errors` and nothing else, unless it says so. Reading
methods may be retried for some seconds; methods that ask for bookings send exactly one request.
Methods that return an iterator send their first request when it is first used.
"""

import httpx

from ampeco.calls.bookings import BookingCalls
from ampeco.calls.hardware import HardwareCalls
from ampeco.calls.notifications import NotificationCalls
from ampeco.calls.partners import PartnerCalls
from ampeco.calls.people import PeopleCalls
from ampeco.calls.places import PlaceCalls
from ampeco.calls.power import PowerCalls
from ampeco.calls.roaming import RoamingCalls
from ampeco.calls.sessions import SessionCalls
from ampeco.resources import Resources
from upstream.calls import Observer
from upstream.circuit_breaker import CacheCircuitBreaker
from upstream.rate_gate import RateGate
from upstream.transport import RETRY_SECONDS, SILENCE_SECONDS, Transport


class AmpecoClient(
    PlaceCalls,
    HardwareCalls,
    PowerCalls,
    PeopleCalls,
    BookingCalls,
    SessionCalls,
    PartnerCalls,
    RoamingCalls,
    NotificationCalls,
):
    """A typed client for one operator; safe for use by several threads of one process.

    `base_url` includes `/public-api`. `gate` is shared by all clients that shall hold off together
    when the operator asks for it; `max_wait_seconds` is the longest such wait that a reading call
    sleeps itself instead of raising UpstreamRateLimited. `transport` replaces the network.
    `observer` is told of each attempt when it has ended.
    """

    def __init__(
        self,
        *,
        base_url: str,
        token: str,
        transport: httpx.BaseTransport | None = None,
        gate: RateGate | None = None,
        timeout: float = SILENCE_SECONDS,
        max_retry_seconds: float = RETRY_SECONDS,
        max_wait_seconds: float = 1.0,
        observer: Observer | None = None,
        circuit: CacheCircuitBreaker | None = None,
    ) -> None:
        self._transport = Transport(
            base_url=base_url,
            token=token,
            transport=transport,
            gate=gate,
            timeout=timeout,
            max_retry_seconds=max_retry_seconds,
            max_wait_seconds=max_wait_seconds,
            observer=observer,
            circuit=circuit,
        )
        self._resources = Resources(self._transport)

    def __repr__(self) -> str:
        return f"<AmpecoClient over {self._transport!r}>"

    @property
    def calls(self) -> int:
        return self._transport.calls

    def held_back_for(self) -> float:
        """Return for how many seconds nothing would be sent; 0 when a call may be tried.

        For those who have work in store and would rather not take it up in vain.
        """
        return self._transport.held_back_for()

    def close(self) -> None:
        """Close the connections; the client is of no use afterwards."""
        self._transport.close()
