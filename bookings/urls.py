"""URLs of bookings."""

from django.urls import path

from boards.calendar.views import fleet_calendar
from bookings.pages import alternatives, cancel, change, move, new, prices, read
from bookings.pages.driver_page.views import revoke_link
from bookings.pages.export import export, export_workbook
from bookings.pages.on_site import views as on_site
from bookings.pages.vehicles import change as vehicle_change
from bookings.pages.vehicles import choice

app_name = "bookings"

urlpatterns = [
    path("", read.booking_list, name="list"),
    path("new/", new.new, name="new"),
    path("<int:pk>/", read.detail, name="detail"),
    path("<int:pk>/status/", read.status, name="status"),
    path("<int:pk>/dismiss/", read.dismiss, name="dismiss"),
    path("new/vehicles/", choice.vehicle_options, name="vehicle_options"),
    path("<int:pk>/vehicle/", vehicle_change.booking_vehicle, name="vehicle"),
    path("new/price/", prices.price, name="slot_price"),
    path("new/cheaper/", prices.cheaper, name="cheaper"),
    path("new/alternatives/", alternatives.slot_alternatives, name="slot_alternatives"),
    path("<int:pk>/alternatives/", alternatives.booking_alternatives, name="alternatives"),
    path("<int:pk>/move/", move.move, name="move"),
    path("<int:pk>/change/", change.change, name="change"),
    path("<int:pk>/cancel/", cancel.cancel, name="cancel"),
    path("<int:pk>/end/", on_site.end, name="end"),
    path("<int:pk>/other-charger/", on_site.other_charger, name="other_charger"),
    path("<int:pk>/evidence/", on_site.evidence, name="evidence"),
    path("cancel/", cancel.cancel_many, name="cancel_many"),
    path("cancelled/<uuid:batch>/", cancel.cancelled_together, name="cancelled_together"),
    path("<int:pk>/calendar.ics", read.calendar, name="calendar"),
    path("<int:pk>/revoke-link/", revoke_link, name="revoke_link"),
    path("export.csv", export, name="export"),
    path("export.xlsx", export_workbook, name="export_workbook"),
    path("calendar/", fleet_calendar, name="fleet_calendar"),
]
