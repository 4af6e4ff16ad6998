"""What members of a fleet send about the same thing is done one after the other."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import transaction
from django.http import HttpResponseBase

from drivers.models import Fleet
from drivers.permissions import FleetRequest


def one_at_a_time(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let what is sent wait for what others of the fleet are just sending to such views.

    They compare what a form was shown with to what is there, and then change that; who comes in
    between would be overwritten unseen. All of it is one transaction, so it is for what takes no
    time: it holds the fleet's row, for which bookings wait where the fleet has limits.
    """

    @wraps(view)
    def inner(request: FleetRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with transaction.atomic():
            # What it is set to was read with who asks, and may have changed since.
            request.fleet = Fleet.objects.select_for_update(no_key=True).get(pk=request.fleet.pk)
            return view(request, *args, **kwargs)

    return inner
