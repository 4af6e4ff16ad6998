"""What was asked of a charger and what came of it, in sentences for whoever reads the page."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from remote.models import RemoteAction

Kind = RemoteAction.Kind
Status = RemoteAction.Status
Text = str | Promise


@dataclass(frozen=True, slots=True)
class Words:
    """How one kind of action is spoken of.

    `asked` is the line of history, `question` and `meaning` stand where somebody is asked whether
    they mean it. `unclear`, `found` and `silent` say how it stands without an answer.
    """

    icon: str
    button: Text
    question: Text
    meaning: Text
    asked: Text
    done: Text
    unclear: Text
    found: Text
    silent: Text


WORDS: Mapping[str, Words] = {
    Kind.START: Words(
        icon="bolt",
        button=gettext_lazy("Start the charge"),
        question=gettext_lazy("Start the charge now?"),
        meaning=gettext_lazy(
            "The charger begins to charge at once, and it costs what charging costs there. Please "
            "make sure that the vehicle is plugged in."
        ),
        asked=gettext_lazy("Start of the charge, asked for by %(who)s"),
        done=gettext_lazy("The charger accepted: the charge begins."),
        unclear=gettext_lazy(
            "The charger has not answered. The portal is checking whether the charge has begun; "
            "this is not sent again."
        ),
        found=gettext_lazy("The charger’s answer was lost, but the charge has begun."),
        silent=gettext_lazy(
            "No answer, and no charge was seen. Please look at the charger before you try again."
        ),
    ),
    Kind.STOP: Words(
        icon="plug-connected-x",
        button=gettext_lazy("Stop the charge"),
        question=gettext_lazy("Stop the charge now?"),
        meaning=gettext_lazy(
            "The charger ends the charge at once. It cannot be continued on this booking."
        ),
        asked=gettext_lazy("End of the charge, asked for by %(who)s"),
        done=gettext_lazy("The charger accepted: the charge ends."),
        unclear=gettext_lazy(
            "The charger has not answered. The portal is checking whether the charge has ended; "
            "this is not sent again."
        ),
        found=gettext_lazy("The charger’s answer was lost, but the charge has ended."),
        silent=gettext_lazy(
            "No answer, and the charge has not ended as far as the operator knows. Please look at "
            "the charger before you try again."
        ),
    ),
    Kind.UNLOCK: Words(
        icon="key",
        button=gettext_lazy("Unlock the connector"),
        question=gettext_lazy("Unlock the connector now?"),
        meaning=gettext_lazy(
            "The charger unlocks the connector, so that it can be pulled out. A charge that is "
            "running may end."
        ),
        asked=gettext_lazy("Unlocking of the connector, asked for by %(who)s"),
        done=gettext_lazy("The charger accepted: the connector can be pulled out."),
        unclear=gettext_lazy("The charger has not answered. This is not sent again."),
        found=gettext_lazy("The charger accepted: the connector can be pulled out."),
        silent=gettext_lazy("No answer. Whether the connector was unlocked is not known."),
    ),
}

# AMPECO's codes for a charge that does not begin.
REFUSALS: Mapping[str, Text] = {
    "BILLING_NOT_ASSOCIATED": gettext_lazy(
        "The company account that is to pay is not linked to this driver."
    ),
    "BILLING_NOT_PARTNER_ASSOCIATED": gettext_lazy(
        "The company account that is to pay cannot be used at this charger."
    ),
    "INTERNAL_ISSUE": gettext_lazy("Something went wrong in the operator’s system."),
    "SESSION_EXISTS": gettext_lazy("A charge is running at this charger already."),
    "AGILE_STREETS_CALCULATE": gettext_lazy(
        "A service that the operator uses (Agile Streets) could not calculate this charge."
    ),
    "AGILE_STREETS_COMMUNICATION": gettext_lazy(
        "A service that the operator uses (Agile Streets) could not be reached."
    ),
    "CHARGING_NOT_ALLOWED": gettext_lazy("The tariff does not allow charging at this charger."),
    "LOCATION_IS_CLOSED": gettext_lazy("The site is closed now."),
    "USER_VALIDATION_NOT_COMPLETE": gettext_lazy(
        "The driver’s account with the operator is not complete: the e-mail or phone number is not "
        "confirmed, or something is missing from the profile."
    ),
    "TERMS_NOT_ACCEPTED": gettext_lazy(
        "The driver has not accepted the operator’s latest terms yet. The operator’s app asks for "
        "that."
    ),
    "USER_IS_DISABLED": gettext_lazy("The driver’s account with the operator is disabled."),
    "SUBSCRIPTION_REQUIRED": gettext_lazy(
        "The driver needs a subscription with the operator for this charger."
    ),
    "SESSION_ALREADY_RUNNING": gettext_lazy("The driver is charging already, somewhere else."),
    "PREVIOUS_SESSION_NOT_PAID": gettext_lazy("An earlier charge of the driver is not paid yet."),
    "ACCESS_RESTRICTED": gettext_lazy("The driver has no access to this charger."),
    "PAYMENT_METHOD_REQUIRED": gettext_lazy(
        "The driver has no means of payment on file with the operator."
    ),
    "CANNOT_BILL_PAYMENT_METHOD": gettext_lazy(
        "The driver’s means of payment cannot be charged here."
    ),
    "CORPORATE_ACCOUNT_LIMIT_REACHED": gettext_lazy(
        "The company account does not allow this charge, or its limit is reached."
    ),
    "CANNOT_USE_EXPIRED_PAYMENT_METHOD": gettext_lazy("The driver’s means of payment has expired."),
    "CANNOT_USE_PAYMENT_METHOD": gettext_lazy(
        "The driver’s means of payment is not accepted here, or a subscription was cancelled."
    ),
    "PAYMENT_NO_FUNDS": gettext_lazy(
        "The driver’s balance or card does not have enough money for this charge."
    ),
}


def outcome_of(action: RemoteAction) -> str:
    """Return in a sentence how an action stands."""
    words = WORDS[action.kind]
    match action.status:
        case Status.QUEUED:
            return _("It is about to be passed on to the charger.")
        case Status.SENDING:
            return _("The charger is being told. This may take some seconds.")
        case Status.UNCLEAR:
            return str(words.unclear)
        case Status.ACCEPTED:
            return str(words.found if action.reason == RemoteAction.Reason.FOUND else words.done)
        case Status.NO_ANSWER:
            return str(words.silent)
        case Status.REFUSED:
            return _("Refused. %(reason)s") % {"reason": reason_of(action)}
    return _("Not sent. %(reason)s") % {"reason": reason_of(action)}


def reason_of(action: RemoteAction) -> str:
    """Return in a sentence why nothing came of an action."""
    if action.reason in REFUSALS:
        return str(REFUSALS[action.reason])
    if action.reason in RemoteAction.Reason.values:
        return str(RemoteAction.Reason(action.reason).label)
    text = _("The operator gave a reason that this portal does not know: %(code)s.")
    return text % {"code": action.reason}
