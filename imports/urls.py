"""URLs of what comes from a file."""

from django.urls import path

from imports import views

app_name = "imports"

urlpatterns = [
    path("bookings/", views.bookings, name="bookings"),
    path("bookings/template.<str:ending>", views.bookings_template, name="bookings_template"),
]
