"""URLs of what comes from a file."""

from django.urls import path

from imports import bookings_page, vehicles_page

app_name = "imports"

urlpatterns = [
    path("bookings/", bookings_page.bookings, name="bookings"),
    path("bookings/template.<str:ending>", bookings_page.template, name="bookings_template"),
    path("vehicles/", vehicles_page.vehicles, name="vehicles"),
    path("vehicles/template.<str:ending>", vehicles_page.template, name="vehicles_template"),
]
