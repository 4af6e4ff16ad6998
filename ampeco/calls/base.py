"""What every group of calls stands on."""

from ampeco.resources import Resources
from upstream.calls import OperatorClock
from upstream.transport import Transport


class Calls:
    """A group of calls over one transport."""

    _transport: Transport
    _resources: Resources

    @property
    def clock(self) -> OperatorClock:
        return self._transport.clock
