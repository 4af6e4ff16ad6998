"""What a charger makes of what it was told to do from afar."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from upstream.readers import UnreadablePayload, flag, plain_text, whole_number

LONGEST_CODE = 64
LONGEST_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class ControlAnswer:
    """Whether the charger did as it was told.

    `session_id` is the charge that it began, "" where none is named. `error_code` is AMPECO's word
    for why not, `message` the operator's own; both are empty where nothing was said.
    """

    accepted: bool
    session_id: str = ""
    error_code: str = ""
    message: str = ""

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read the answer to a stop or an unlock: accepted, unless it says otherwise.

        That answer may be empty.
        """
        session_id = whole_number(payload.get("sessionId"))
        code = payload.get("errorCode")
        return cls(
            accepted=flag(payload.get("success")) is not False,
            session_id="" if session_id is None else str(session_id),
            error_code=code[:LONGEST_CODE] if isinstance(code, str) else "",
            message=plain_text(payload.get("message"))[:LONGEST_MESSAGE],
        )

    @classmethod
    def from_start(cls, payload: Mapping[str, Any]) -> Self:
        """Read the answer to a start; raises UnreadablePayload where it does not say which."""
        answer = cls.from_payload(payload)
        if flag(payload.get("success")) is None and not answer.session_id:
            raise UnreadablePayload("“success” is missing or cannot be read.")
        return answer
