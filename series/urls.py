"""URLs of series."""

from django.urls import path

from series.pages import views

app_name = "series"

urlpatterns = [
    path("", views.series_list, name="list"),
    path("new/", views.new, name="new"),
    path("new/chargers/", views.charger_options, name="charger_options"),
    path("new/vehicles/", views.vehicle_options, name="vehicle_options"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/change/", views.change, name="change"),
    path("<int:pk>/cancel/", views.cancel, name="cancel"),
    path("<int:pk>/again/", views.again, name="again"),
    path("<int:pk>/take/", views.take, name="take"),
]
