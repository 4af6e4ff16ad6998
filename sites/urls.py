"""URLs of the sites."""

from django.urls import path

from sites import favourite_views, views
from sites.finding import map_views
from sites.slots.picker import views as picker_views

app_name = "sites"

urlpatterns = [
    path("", views.site_list, name="list"),
    path("map.json", map_views.sites_for_map, name="map"),
    path("<int:pk>/", views.site_detail, name="detail"),
    path("<int:pk>/availability/", picker_views.availability, name="availability"),
    path("<int:pk>/favourite/", favourite_views.favourite, name="favourite"),
]
