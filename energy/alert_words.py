"""What Ampcontrol's alerts mean, in sentences for people who know nothing of OCPP."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# The names are those that the document lists.
SENTENCES: dict[str, Promise] = {
    "METER_VALUE_LIMIT_VIOLATION": _("The charger draws more power than it was given."),
    "UNEXPECTED_CONNECTOR_AND_PHASE_COMBINATION": _(
        "The charger’s connection does not match what is on record for it."
    ),
    "CHARGER_DISCONNECTED": _("The charger is not connected to the operator’s smart charging."),
    "INVALID_ID_TAGS": _("The charger refused a card or tag that it does not know."),
    "OCPP_MESSAGE_OUT_OF_SYNC": _("The charger’s messages arrive in the wrong order."),
    "CALL_ERROR": _("The charger answered a command with an error."),
    "CHARGE_POINT_HIGH_INTERNAL_TEMPERATURE": _("The charger is too hot inside."),
    "SUSPENDED_EVSE": _("The charger has paused charging."),
    "SUSPENDED_EV": _("The vehicle has paused charging."),
    "UNAVAILABLE": _("The charger is not available."),
    "FAULTED": _("The charger reports a fault."),
    "CONNECTOR_LOCK_FAILURE": _("The charger cannot lock or unlock the connector."),
    "EV_COMMUNICATION_ERROR": _("Charger and vehicle do not understand each other."),
    "GROUND_FAILURE": _("The charger’s protection against earth faults has tripped."),
    "HIGH_TEMPERATURE": _("The charger is too hot."),
    "INTERNAL_ERROR": _("The charger reports an internal error."),
    "LOCAL_LIST_CONFLICT": _("The charger’s own list of cards is out of date."),
    "OVER_CURRENT_FAILURE": _("The charger’s protection against too much current has tripped."),
    "OVER_VOLTAGE": _("The voltage at the charger is too high."),
    "POWER_METER_FAILURE": _("The charger’s meter cannot be read."),
    "POWER_SWITCH_FAILURE": _("The charger cannot switch the power."),
    "READER_FAILURE": _("The charger’s card reader does not work."),
    "RESET_FAILURE": _("The charger could not be restarted."),
    "UNDER_VOLTAGE": _("The voltage at the charger is too low."),
    "WEAK_SIGNAL": _("The charger’s connection to the network is weak."),
    "VENDOR_ERROR_CODE": _("The charger reports an error of its maker’s own."),
    "INCORRECT_SETTINGS": _("The charger’s settings are not as they should be."),
}
OTHERWISE = _("The operator’s smart charging says that something wants attention.")


def sentence_of(name: str) -> str:
    """Return what an alert means; for a name that nobody told us of a neutral sentence."""
    return str(SENTENCES.get(name, OTHERWISE))
