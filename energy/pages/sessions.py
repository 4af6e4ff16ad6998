"""A vehicle's charging sessions: the last ones, and the page about one of them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from drivers.permissions import FleetRequest, member_required
from energy.models import Link, Session
from energy.pages.session_drawing import drawing_of
from energy.pages.vehicle_panel import LOOK_EVERY, charging_texts
from energy.selectors.vehicles import charging_of, last_sessions, sessions_of_vehicle
from shell.formats import as_zone
from shell.viewer import viewer_zone
from sites.models import Evse
from vehicles.models import Vehicle
from vehicles.pages.views import vehicle_or_404

MOST_LISTED = 5


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session with where it was; `evse` is None where its connector is linked with none."""

    session: Session
    evse: Evse | None
    zone: ZoneInfo


def listed_sessions(vehicle: Vehicle, *, zone: ZoneInfo | None) -> list[ListedSession]:
    """Return what a vehicle charged last, the newest first, in two queries."""
    sessions = [each for each in last_sessions(vehicle, count=MOST_LISTED) if each.started_at]
    evses = _evses(sessions)
    return [_listed(session, evses, vehicle, zone) for session in sessions]


@member_required
@require_safe
@vary_on_headers("HX-Request")
def session_page(request: FleetRequest, pk: int, session_pk: int) -> HttpResponse:
    """Show a charging session of a vehicle with its course; htmx gets the course alone."""
    vehicle = vehicle_or_404(request, pk)
    session = sessions_of_vehicle(vehicle).filter(pk=session_pk).first()
    if session is None or session.started_at is None:
        raise Http404
    listed = _listed(session, _evses([session]), vehicle, viewer_zone(request))
    content = _course_html(listed, vehicle)
    seen = hashlib.sha256(content.encode()).hexdigest()[:12]
    context = {
        "vehicle": vehicle,
        "listed": listed,
        "session": session,
        "zone": listed.zone,
        "content": content,
        "seen": seen,
        "look_every": LOOK_EVERY if session.active else "",
    }
    if not request.htmx or request.htmx.history_restore_request:
        return render(request, "energy/session.html", context)
    if request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    return render(request, "energy/_session_course.html", context)


def _course_html(listed: ListedSession, vehicle: Vehicle) -> SafeString:
    session = listed.session
    # By the minute, so that a page that looks again is told when there is nothing new.
    now = timezone.now().replace(second=0, microsecond=0)
    now = max(now, session.started_at or now)
    going_on = charging_of(session, listed.evse, now=now) if session.active else None
    context = {
        "course": drawing_of(session, vehicle, zone=listed.zone, now=now),
        "charging": charging_texts(going_on, listed.zone, now=now),
        "session": session,
        "zone": listed.zone,
    }
    return render_to_string("energy/_session_content.html", context)


def _evses(sessions: Iterable[Session]) -> dict[str, Evse]:
    links = Link.objects.filter(
        kind=Link.Kind.CONNECTOR,
        state=Link.State.CONFIRMED,
        remote_id__in=[each.connector_remote_id for each in sessions if each.connector_remote_id],
    ).select_related("evse__charge_point__location")
    return {link.remote_id: link.evse for link in links if link.evse is not None}


def _listed(
    session: Session, evses: dict[str, Evse], vehicle: Vehicle, zone: ZoneInfo | None
) -> ListedSession:
    evse = evses.get(session.connector_remote_id)
    site = evse.charge_point.location if evse else vehicle.home_site
    return ListedSession(session, evse, site.zone if site else as_zone(zone))
