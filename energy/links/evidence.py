"""Why a record of Ampcontrol's and one of ours may be one: words as links keep them, and as text.

A word may carry figures behind colons, such as “votes:3:4”.
"""

from collections.abc import Sequence

from django.utils.translation import gettext as _

# What makes it certain: alike in what is nobody else's, on both sides.
UNIQUE = "unique"
DUPLICATE = "duplicate"
BY_HAND = "by-hand"

OCPP_ID = "ocpp-id"
OCPP_ID_CASE = "ocpp-id-case"
SERIAL_NUMBER = "serial-number"
CONNECTOR_NUMBER = "connector-number"
COUNTS_DIFFER = "counts-differ"
VIN = "vin"
SHORT_VIN = "short-vin"
CUSTOMER_NUMBER = "customer-number"
PLATE = "plate"
TAG = "tag"
TAG_BEGINNING = "tag-beginning"
VOTES = "votes"
DISTANCE = "distance"


def evidence_texts(words: Sequence[str]) -> list[str]:
    """Return evidence in words; what an older or newer version wrote and this one lacks is not."""
    return [text for word in words if (text := _text(word))]


def _text(word: str) -> str:
    name, *figures = word.split(":")
    if name == VOTES:
        text = _("%(linked)s of its %(all)s linked charge points stand at this site")
        return text % {"linked": figures[0], "all": figures[1]}
    if name == DISTANCE:
        return _("%(metres)s m apart") % {"metres": figures[0]}
    texts = {
        UNIQUE: _("there is no other like it, on either side"),
        DUPLICATE: _("there are several like it"),
        BY_HAND: _("linked by hand"),
        OCPP_ID: _("same OCPP id"),
        OCPP_ID_CASE: _("same OCPP id but for capitals"),
        SERIAL_NUMBER: _("same serial number"),
        CONNECTOR_NUMBER: _("same number at the same charge point"),
        COUNTS_DIFFER: _("the charge point has more connectors on one side than on the other"),
        VIN: _("same VIN"),
        SHORT_VIN: _("a VIN has 17 characters, this one has fewer"),
        CUSTOMER_NUMBER: _("the customer’s number there is the fleet’s number here"),
        PLATE: _("same plate"),
        TAG: _("same card number"),
        TAG_BEGINNING: _("the card number begins alike; Ampcontrol keeps 20 characters"),
    }
    return texts.get(name, "")
