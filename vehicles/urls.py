"""URLs of the pages about vehicles; a vehicle's own page is with the bookings that it shows."""

from django.urls import path

from vehicles.pages import views

app_name = "vehicles"
urlpatterns = [
    path("", views.vehicle_list, name="list"),
    path("add/", views.add, name="add"),
    path("<int:pk>/change/", views.change, name="change"),
    path("<int:pk>/retire/", views.retire_or_bring_back, name="retire"),
]
