"""URLs of the pages about drivers and fleets."""

from django.urls import path

from drivers import views

app_name = "drivers"
urlpatterns = [
    path("", views.driver_list, name="list"),
    path("add/", views.add_driver, name="add"),
    path("options/", views.driver_options, name="options"),
    path("fleet/", views.switch_fleet, name="switch_fleet"),
]
