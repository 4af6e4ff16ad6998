"""What records on either side of a link are called, for the staff who compare them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from energy.links.kinds import Kind


@dataclass(frozen=True, slots=True)
class Thing:
    """A record's name, and what else tells it from others."""

    name: str
    details: tuple[str, ...] = ()


GONE = "–"


def there_named(kind: str, record: Any) -> Thing:
    """Return Ampcontrol's record in words; its network has been read with it."""
    if record is None:
        return Thing(GONE)
    if kind == Kind.NETWORK:
        return _thing(record, record.time_zone, _kw(record.max_capacity_kw))
    if kind == Kind.CHARGE_POINT:
        return _thing(record, _ocpp(record.ocpp_id), _serial(record), record.network)
    if kind == Kind.CONNECTOR:
        details = (record.plug, _kw(record.max_capacity_kw), record.charge_point.network)
        return _thing(record, *details)
    if kind == Kind.VEHICLE:
        return _thing(record, record.customer_number, record.plate, _vin(record), record.group)
    return _thing(_card(record.last_digits), record.group)


def here_named(kind: str, record: Any) -> Thing:
    """Return our record in words; what it belongs to has been read with it."""
    if record is None:
        return Thing(GONE)
    if kind == Kind.NETWORK:
        return _thing(record, record.address or record.city)
    if kind == Kind.CHARGE_POINT:
        return _thing(record, _ocpp(record.ocpp_id), _serial(record), record.location)
    if kind == Kind.CONNECTOR:
        number = _("number %(number)s") % {"number": record.network_id or GONE}
        return _thing(record, number, record.charge_point, record.charge_point.location)
    if kind == Kind.VEHICLE:
        return _thing(record, record.fleet, _vin(record))
    return _thing(record.driver, _card(record.last_digits), record.label)


def _thing(name: object, *details: object) -> Thing:
    texts: Iterable[str] = (str(detail) for detail in details if detail)
    return Thing(str(name), tuple(dict.fromkeys(text for text in texts if text != str(name))))


def _ocpp(ocpp_id: str) -> str:
    return _("OCPP id %(id)s") % {"id": ocpp_id} if ocpp_id else ""


def _serial(record: Any) -> str:
    if not record.serial_number:
        return ""
    return _("serial number %(number)s") % {"number": record.serial_number}


def _vin(record: Any) -> str:
    return _("VIN %(vin)s") % {"vin": record.vin} if record.vin else ""


def _kw(power: Any) -> str:
    return _("%(power)s kW") % {"power": f"{power.normalize():f}"} if power is not None else ""


def _card(last_digits: str) -> str:
    return _("Card ending in %(digits)s") % {"digits": last_digits or GONE}
