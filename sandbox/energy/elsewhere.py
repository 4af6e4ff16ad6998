"""The depots in a world that was not made for them."""

from sandbox.energy import cast
from sandbox.world.world import World


def let_sites_be_depots(world: World) -> None:
    """Let the first sites be those whose power Ampcontrol shares out; it knows them by name."""
    for site, location in zip(cast.SITES, world.locations.values(), strict=False):
        location.name = {"en": site.location}
