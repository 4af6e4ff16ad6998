"""URLs of bookings."""

from django.urls import path

from bookings.views import alternatives, cancel, change, move, new, read
from bookings.views.driver_page import revoke_link
from bookings.views.export import export
from bookings.views.feeds import feeds, revoke
from bookings.views.fleet_calendar import fleet_calendar
from bookings.views.notices import notices, sent

app_name = "bookings"

urlpatterns = [
    path("", read.booking_list, name="list"),
    path("new/", new.new, name="new"),
    path("<int:pk>/", read.detail, name="detail"),
    path("<int:pk>/status/", read.status, name="status"),
    path("<int:pk>/dismiss/", read.dismiss, name="dismiss"),
    path("new/alternatives/", alternatives.slot_alternatives, name="slot_alternatives"),
    path("<int:pk>/alternatives/", alternatives.booking_alternatives, name="alternatives"),
    path("<int:pk>/move/", move.move, name="move"),
    path("<int:pk>/change/", change.change, name="change"),
    path("<int:pk>/cancel/", cancel.cancel, name="cancel"),
    path("cancel/", cancel.cancel_many, name="cancel_many"),
    path("cancelled/<uuid:batch>/", cancel.cancelled_together, name="cancelled_together"),
    path("<int:pk>/calendar.ics", read.calendar, name="calendar"),
    path("<int:pk>/revoke-link/", revoke_link, name="revoke_link"),
    path("export.csv", export, name="export"),
    path("calendar/", fleet_calendar, name="fleet_calendar"),
    path("feeds/", feeds, name="feeds"),
    path("feeds/<int:pk>/revoke/", revoke, name="revoke_feed"),
    path("notices/", notices, name="notices"),
    path("sent/", sent, name="sent"),
]
