"""How chargers are doing."""

from collections.abc import Iterator
from datetime import datetime

from ampeco.calls.base import Calls
from ampeco.calls.places import CHARGE_POINTS
from ampeco.types import FirmwareVersion, Hardware, Page, StatusLog, VendorErrorCode
from upstream.transport import id_in_path

# Of an EVSE an older version of the resource has the logs.
EVSE_LOGS = "resources/evses/v2.0"
VENDOR_ERROR_CODES = "resources/vendor-error-codes/v2.0"
FIRMWARE_VERSIONS = "resources/firmware-versions/v1.0"
HARDWARE_LOGS = "hardware-status-logs"
NETWORK_LOGS = "network-status-logs"


class HardwareCalls(Calls):
    """Calls about the state of chargers.

    All raise UpstreamForbidden for tokens that may not read it.
    """

    def read_hardware(self, charge_point_id: int) -> Hardware:
        return self._resources.read(
            "read_hardware",
            CHARGE_POINTS,
            charge_point_id,
            Hardware.from_payload,
            include="lastBootNotification",
        )

    def network_log_pages(
        self, charge_point_id: int, *, after: datetime
    ) -> Iterator[Page[StatusLog]]:
        """Yield the pages of when a charge point was connected and when not, since an instant."""
        return self._logs("network_log_pages", CHARGE_POINTS, charge_point_id, NETWORK_LOGS, after)

    def evse_log_pages(self, evse_id: int, *, after: datetime) -> Iterator[Page[StatusLog]]:
        """Yield the pages of the states of an EVSE since an instant."""
        return self._logs("evse_log_pages", EVSE_LOGS, evse_id, HARDWARE_LOGS, after)

    def vendor_error_code_pages(self) -> Iterator[Page[VendorErrorCode]]:
        return self._resources.pages(
            "vendor_error_code_pages", VENDOR_ERROR_CODES, VendorErrorCode.from_payload
        )

    def firmware_version_pages(self) -> Iterator[Page[FirmwareVersion]]:
        """Yield the pages of all versions of firmware, each with the models that it is for."""
        return self._resources.pages(
            "firmware_version_pages",
            FIRMWARE_VERSIONS,
            FirmwareVersion.from_payload,
            include="models",
        )

    def _logs(
        self, operation: str, path: str, wanted: int, kind: str, after: datetime
    ) -> Iterator[Page[StatusLog]]:
        return self._resources.pages(
            operation,
            f"{path}/{id_in_path(wanted)}/{kind}",
            StatusLog.from_payload,
            filters={"createdAfter": after},
        )
