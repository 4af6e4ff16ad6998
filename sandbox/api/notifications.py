"""Who wants to be told of what: AMPECO's notifications as its API has them."""

from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from werkzeug.wrappers import Request

from sandbox.api.errors import Invalid, Missing
from sandbox.api.filters import body_of
from sandbox.api.paging import page_of
from sandbox.world.records import Keepsake
from sandbox.world.world import World

LONGEST_ADDRESS = 500
# Those that are sent here; AMPECO knows others as well, which may be wanted and never come.
SESSION = "session.start.stop.notification"
HARDWARE = "HardwareStatusNotification"
NETWORK = "NetworkStatusNotification"
PARKING = "parkingSpace.occupancyStatus.changed"
KNOWN = frozenset(
    {
        *(SESSION, HARDWARE, NETWORK, PARKING),
        *("AuthorizationNotification", "authorization.changed", "BootNotification"),
        *("ChargePointChangedNotification", "chargePoint.changed", "evse.changed"),
        *("ChargePointSyncConfigurationNotification", "CircuitConsumptionNotification"),
        *("circuit.changed", "DiagnosticsStatusNotification", "LocationChangedNotification"),
        *("SecurityEventNotification", "SessionMeterValuesNotification"),
        *("SessionStartStopNotification", "SessionUpdateNotification", "UserChangedNotification"),
        *("SubOperatorChangedNotification", "TariffChangedNotification"),
        *("user.subscriptionChanged", "user.subscription.changed"),
        *("ReservationChangedNotification", "PaymentMethodChangedNotification"),
        *("PartnerInviteChangedNotification", "reservation.changed", "user.paymentMethod.changed"),
        *("userBalance.changed", "partnerInvite.changed", "roamingPlatform.changed"),
        *("partner.changed", "transaction.changed", "settlementReport.created", "idTag.changed"),
        *("chargePoint.dataTransferReceived", "subscriptionPlan.changed"),
        *("user.invoiceDetails.changed", "cdr.received", "chargingProfile.applied"),
        "installerJob.changed",
    }
)
KEPT = "subscription/"


@dataclass(frozen=True, slots=True)
class Subscription:
    """An address that is told of some kinds of things.

    `key` signs what is sent: the token that subscribed.
    """

    id: int
    callback_url: str
    notifications: list[str]
    key: str


def subscriptions_of(world: World) -> list[Subscription]:
    return [
        Subscription(**keepsake.content)
        for name, keepsake in world.keepsakes.items()
        if name.startswith(KEPT) and keepsake.content is not None
    ]


def list_subscriptions(world: World, request: Request) -> dict[str, Any]:
    return page_of(request, subscriptions_of(world), _payload)


def read_subscription(world: World, _request: Request, pk: str) -> dict[str, Any]:
    return {"data": _payload(_found(world, pk))}


def subscribe(world: World, request: Request) -> dict[str, Any]:
    """Take a subscription. Raises Invalid for one to no web address, or to nothing."""
    # A number is given once, though its subscription be gone.
    pk = 1 + sum(name.startswith(KEPT) for name in world.keepsakes)
    _, _, key = request.headers["Authorization"].partition(" ")
    return {"data": _payload(_keep(world, _from(body_of(request), pk=pk, key=key)))}


def change_subscription(world: World, request: Request, pk: str) -> dict[str, Any]:
    """Let a subscription be another one. Raises Invalid as for a new one."""
    known = _found(world, pk)
    changed = _from(body_of(request), pk=known.id, key=known.key)
    return {"data": _payload(_keep(world, changed))}


def unsubscribe(world: World, _request: Request, pk: str) -> dict[str, Any]:
    world.keep(Keepsake(f"{KEPT}{_found(world, pk).id}", None))
    return {}


def _keep(world: World, subscription: Subscription) -> Subscription:
    world.keep(Keepsake(f"{KEPT}{subscription.id}", asdict(subscription)))
    return subscription


def _found(world: World, pk: str) -> Subscription:
    keepsake = world.keepsakes.get(f"{KEPT}{pk}")
    if keepsake is None or keepsake.content is None:
        raise Missing
    return Subscription(**keepsake.content)


def _from(body: dict[str, Any], *, pk: int, key: str) -> Subscription:
    errors: dict[str, list[str]] = {}
    if body.get("via") != "webhook":
        errors["via"] = ["Only webhooks are simulated."]
    wanted = body.get("notifications")
    if not _are_known(wanted):
        errors["notifications"] = ["The selected notifications are invalid."]
    webhook = body.get("webhook")
    address = webhook.get("callbackUrl") if isinstance(webhook, dict) else None
    if not _is_address(address):
        errors["webhook.callbackUrl"] = ["The webhook.callback url must be a valid URL."]
    if errors:
        raise Invalid(errors)
    assert isinstance(wanted, list) and isinstance(address, str)
    return Subscription(pk, address, wanted, key)


def _are_known(wanted: object) -> bool:
    return (
        isinstance(wanted, list)
        and bool(wanted)
        and all(isinstance(each, str) and each in KNOWN for each in wanted)
    )


def _is_address(value: object) -> bool:
    if not isinstance(value, str) or len(value) > LONGEST_ADDRESS:
        return False
    parts = urlsplit(value)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _payload(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": subscription.id,
        "via": "webhook",
        "notifications": subscription.notifications,
        "webhook": {"callbackUrl": subscription.callback_url},
    }
