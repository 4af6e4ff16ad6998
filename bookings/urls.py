"""URLs of bookings."""

from django.urls import path

from bookings.views import new, read

app_name = "bookings"

urlpatterns = [
    path("", read.booking_list, name="list"),
    path("new/", new.new, name="new"),
    path("<int:pk>/", read.detail, name="detail"),
    path("<int:pk>/status/", read.status, name="status"),
    path("<int:pk>/dismiss/", read.dismiss, name="dismiss"),
    path("<int:pk>/calendar.ics", read.calendar, name="calendar"),
]
