"""The desk's page of notifications: who subscribed to what, and what was sent."""

from markupsafe import Markup
from werkzeug.wrappers import Response

from sandbox.api.notifications import subscriptions_of
from sandbox.desk.pages import page, table
from sandbox.notices.delivery import Delivery, notifier_of
from sandbox.world.world import World

IDS = ("evseId", "parkingSpaceId", "chargePointId", "sessionId")


def show_notices(world: World) -> Response:
    """Show the subscriptions and the last deliveries."""
    with world.lock:
        subscriptions = [
            [each.id, each.callback_url, ", ".join(each.notifications)]
            for each in subscriptions_of(world)
        ]
        deliveries = [_row(each) for each in reversed(notifier_of(world).deliveries)]
    content = Markup(
        "<section><h2>Subscriptions</h2>{}</section><section><h2>Sent</h2>{}</section>"
    )
    return page(
        "Notifications",
        content.format(
            table(
                "Subscriptions",
                ["Number", "Address", "Tells of"],
                subscriptions,
                empty="Nobody has subscribed: see manage.py ampeco_notifications.",
            ),
            table(
                "Sent",
                ["When", "What", "About", "To", "Answer"],
                deliveries,
                empty="Nothing has happened since somebody subscribed.",
            ),
        ),
        current="notifications",
        renewed=True,
    )


def _row(delivery: Delivery) -> list[object]:
    notice = delivery.notice
    about = ", ".join(f"{name} {notice[name]}" for name in IDS if name in notice)
    answer = "on its way" if delivery.status is None else delivery.status or "nobody answered"
    if delivery.attempts > 1:
        answer = f"{answer} (attempt {delivery.attempts})"
    what = " ".join(filter(None, [notice["notification"], notice.get("action")]))
    return [f"{delivery.at:%H:%M:%S}", what, about, delivery.subscription.callback_url, answer]
