"""The operator's time: the real one, moved by hand, or standing still."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the time of the simulated operator, aware and in UTC."""

    def __init__(self) -> None:
        self.offset = timedelta(0)
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        if self._frozen is not None:
            return self._frozen
        return datetime.now(UTC) + self.offset

    def freeze(self, at: datetime) -> None:
        self._frozen = at

    def advance(self, by: timedelta) -> None:
        if self._frozen is not None:
            self._frozen += by
        self.offset += by

    def reset(self) -> None:
        self.offset = timedelta(0)
        self._frozen = None
