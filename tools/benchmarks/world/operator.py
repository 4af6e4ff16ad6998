"""The simulated operator with one large, busy site: `python -m tools.benchmarks.world.operator`.

Takes the options of `python -m sandbox`. Charge points of other sites stand at the first one until
that has 40 EVSEs, and these are booked for parts of the coming weeks, so that a grid of its free
slots is as full of gaps as a real one.
"""

import argparse
from datetime import timedelta

from sandbox.desk.mailbox import Mailbox, serve_smtp
from sandbox.server import add_arguments, make, world_from
from sandbox.world.world import World

LARGE_SITE_EVSES = 40
BOOKED_DAYS = 28
BOOKINGS_A_DAY = 3


def enlarge_first_site(world: World) -> None:
    """Move one charge point of each next site to the first one until that is large enough."""
    first, *others = world.locations.values()
    for location in others:
        if len(list(world.evses_at(first))) >= LARGE_SITE_EVSES:
            break
        world.move_charge_point(location.charge_point_ids[0], first.id)


def book_first_site(world: World) -> None:
    """Book each EVSE of the first site a few times a day, at other hours than its neighbours."""
    first = next(iter(world.locations.values()))
    midnight = world.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    for number, evse in enumerate(list(world.evses_at(first))):
        for day in range(1, BOOKED_DAYS):
            for turn in range(BOOKINGS_A_DAY):
                quarters = 32 * turn + (7 * number + 5 * day) % 20
                start = midnight + timedelta(days=day, minutes=15 * quarters)
                world.add_booking(
                    location_id=first.id,
                    evse_id=evse.id,
                    start_at=start,
                    end_at=start + timedelta(minutes=90),
                )


def main() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = parser.parse_args()
    world = world_from(options)
    enlarge_first_site(world)
    book_first_site(world)
    mails = Mailbox(options.mail_dir)
    if options.smtp_port:
        serve_smtp(mails, host=options.host, port=options.smtp_port)
    make(
        world, host=options.host, port=options.port, token=options.token, mails=mails
    ).serve_forever()


if __name__ == "__main__":
    main()
