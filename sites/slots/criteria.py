"""What a charger must offer when any that fits will do."""

from dataclasses import dataclass
from decimal import Decimal

from sites.models import Evse


@dataclass(frozen=True, slots=True)
class Criteria:
    """Current, connector and least power (kW); what is empty does not matter."""

    current_type: str = ""
    connector_type: str = ""
    min_power_kw: Decimal | None = None

    @property
    def key(self) -> str:
        """A text that is the same for the same criteria."""
        power = "" if self.min_power_kw is None else f"{self.min_power_kw.normalize():f}"
        return f"{self.current_type}/{self.connector_type}/{power}"

    def fits(self, evse: Evse) -> bool:
        """Return whether a charger offers all that is asked for."""
        if self.current_type and evse.current_type != self.current_type:
            return False
        if self.min_power_kw is not None and (evse.max_power_kw or 0) < self.min_power_kw:
            return False
        return not self.connector_type or self.connector_type in evse.plug_types
