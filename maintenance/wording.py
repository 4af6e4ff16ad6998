"""Statuses and faults of chargers in words that drivers and staff use."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from maintenance.models import StatusEntry, VendorErrorCode

Words = dict[str, str | Promise]

STATUSES: Words = {
    "never connected": gettext_lazy("Never connected"),
    "available": gettext_lazy("In order"),
    "temporarily unavailable": gettext_lazy("Not connected"),
    "long-term unavailable": gettext_lazy("Not connected for a long time"),
    "preparing": gettext_lazy("Being plugged in"),
    "charging": gettext_lazy("Charging"),
    "suspendedEV": gettext_lazy("Paused by the vehicle"),
    "suspendedEVSE": gettext_lazy("Paused by the charger"),
    "finishing": gettext_lazy("Finishing"),
    "reserved": gettext_lazy("Reserved"),
    "unavailable": gettext_lazy("Out of use"),
    "faulted": gettext_lazy("Faulty"),
}

# The error codes of OCPP 1.6.
OCPP_ERRORS: Words = {
    "ConnectorLockFailure": gettext_lazy("The connector could not be locked or unlocked."),
    "EVCommunicationError": gettext_lazy("The charger could not talk to the vehicle."),
    "GroundFailure": gettext_lazy("A ground fault was detected."),
    "HighTemperature": gettext_lazy("The charger is too hot."),
    "InternalError": gettext_lazy("The charger has an internal error."),
    "LocalListConflict": gettext_lazy("The charger’s list of cards is not the operator’s."),
    "OtherError": gettext_lazy("The charger reported a fault of its own."),
    "OverCurrentFailure": gettext_lazy("The current was too high."),
    "OverVoltage": gettext_lazy("The voltage was too high."),
    "PowerMeterFailure": gettext_lazy("The meter cannot be read."),
    "PowerSwitchFailure": gettext_lazy("The power could not be switched."),
    "ReaderFailure": gettext_lazy("The card reader does not work."),
    "ResetFailure": gettext_lazy("The charger could not be restarted."),
    "UnderVoltage": gettext_lazy("The voltage was too low."),
    "WeakSignal": gettext_lazy("The charger’s mobile signal is weak."),
}


def status_text(status: str) -> str:
    return str(STATUSES.get(status, status))


class Explained:
    """What faults mean; the operator's list is read once for many."""

    def __init__(self, entries: Iterable[StatusEntry]) -> None:
        wanted = {(one.vendor_id, one.vendor_error_code) for one in entries}
        known = VendorErrorCode.objects.filter(
            vendor_id__in={vendor for vendor, code in wanted if code},
            code__in={code for _vendor, code in wanted if code},
        )
        self._codes = {(one.vendor_id, one.code): one for one in known}

    def fault_text(self, entry: StatusEntry) -> str:
        """Return what was wrong, with the vendor's code where there is one."""
        code = self._codes.get((entry.vendor_id, entry.vendor_error_code))
        words = entry.description or (code.description if code else "")
        words = words or str(OCPP_ERRORS.get(entry.error_code, "")) or _("No reason was given.")
        return f"{words} ({entry.vendor_error_code})" if entry.vendor_error_code else words

    def what_helps(self, entry: StatusEntry) -> str:
        code = self._codes.get((entry.vendor_id, entry.vendor_error_code))
        return entry.customer_action or (code.customer_action if code else "")
