"""URLs of the pages about departures, below those about vehicles."""

from django.urls import path

from energy.departures.pages import charging, departures, many

app_name = "departures"
urlpatterns = [
    path("departures/", many.set_many, name="many"),
    path("<int:pk>/departures/", departures.show, name="show"),
    path("<int:pk>/departures/add/", departures.add, name="add"),
    path("<int:pk>/departures/week/", departures.week, name="week"),
    path("<int:pk>/departures/replace/", departures.replace, name="replace"),
    path("<int:pk>/departures/<int:departure_pk>/", departures.change, name="change"),
    path("<int:pk>/departures/<int:departure_pk>/cancel/", departures.cancel, name="cancel"),
    path("<int:pk>/state-of-charge/", charging.state_of_charge, name="state_of_charge"),
    path("<int:pk>/charge-first/", charging.first, name="first"),
]
