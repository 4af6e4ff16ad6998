"""What answers a call: from the world and the request to the payload."""

from collections.abc import Callable
from typing import Any

from sandbox.api.errors import Forbidden
from sandbox.world.world import World

Operation = Callable[..., dict[str, Any]]
Operations = dict[tuple[str, str], Operation]


def check_allowed(world: World, resource: str) -> None:
    """Refuse with 403 where this token may not read or change such a resource."""
    if resource in world.forbidden:
        raise Forbidden
