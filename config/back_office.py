"""What staff see at the head of every page of the back office."""

from django.http import HttpRequest

import ampcontrol.connection
import ampeco.connection
import remote.rights


def label(request: HttpRequest) -> list[str] | None:
    """Return what is wrong with a platform, and how bad that is; that of bookings goes first."""
    return (
        ampeco.connection.back_office_label(request)
        or ampcontrol.connection.back_office_label(request)
        or remote.rights.back_office_label(request)
    )
