"""URLs of the pages about a fleet's rules."""

from django.urls import path

from limits import views

app_name = "limits"
urlpatterns = [
    path("", views.rules, name="rules"),
    path("add/", views.add, name="add"),
    path("drivers/", views.drivers, name="drivers"),
    path("<int:pk>/remove/", views.remove, name="remove"),
]
