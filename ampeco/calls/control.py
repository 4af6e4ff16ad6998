"""What is done at a charger from afar: a charge begun, a charge ended, a connector let go."""

from collections.abc import Callable, Mapping
from typing import Any

from ampeco.calls.base import Calls
from ampeco.types import ControlAnswer, UnreadablePayload
from upstream.errors import UpstreamUnavailable
from upstream.transport import id_in_path

START = "actions/evse/v1.0"
CHARGE_POINTS = "actions/charge-point/v1.0"


class ControlCalls(Calls):
    """Calls that make a charger do something; each sends exactly one request.

    After an ambiguous UpstreamUnavailable it may have been done: look, and never send it again.
    What the charger refuses is an answer, or UpstreamRejected with status 406.
    """

    def start_charge(self, evse_id: int, *, user_id: int, booking_id: int) -> ControlAnswer:
        """Begin a charge for a user on an EVSE, as part of a booking.

        422 (UpstreamRejected) where the booking is not one that may begin now.
        """
        return self._tell(
            "start_charge",
            f"{START}/{evse_id}/start",
            {"userId": user_id, "bookingId": booking_id},
            ControlAnswer.from_start,
        )

    def stop_charge(self, charge_point_id: int, session_id: int | str) -> ControlAnswer:
        """End a charge at a charge point, if the charge point agrees."""
        path = f"{CHARGE_POINTS}/{charge_point_id}/stop/{id_in_path(session_id)}"
        return self._tell("stop_charge", path, {"force": False}, ControlAnswer.from_payload)

    def unlock_connector(self, charge_point_id: int, network_id: int | str) -> ControlAnswer:
        """Let the connector go at an EVSE, which the charge point knows by its OCPP id."""
        path = f"{CHARGE_POINTS}/{charge_point_id}/unlock/{id_in_path(network_id)}"
        return self._tell("unlock_connector", path, None, ControlAnswer.from_payload)

    def _tell(
        self,
        operation: str,
        path: str,
        body: Mapping[str, Any] | None,
        parse: Callable[[Mapping[str, Any]], ControlAnswer],
    ) -> ControlAnswer:
        answer = self._transport.post(path, body=body, operation=operation)
        try:
            return parse(answer)
        except UnreadablePayload:
            raise UpstreamUnavailable(
                f"{operation}: the answer does not say what became of it.",
                operation=operation,
                ambiguous=True,
            ) from None
