"""URLs of the sites."""

from django.urls import path

from sites.pages import favourites, map_data, views
from sites.pages import picker as picker_views

app_name = "sites"

urlpatterns = [
    path("", views.site_list, name="list"),
    path("map.json", map_data.sites_for_map, name="map"),
    path("<int:pk>/", views.site_detail, name="detail"),
    path("<int:pk>/availability/", picker_views.availability, name="availability"),
    path("<int:pk>/favourite/", favourites.favourite, name="favourite"),
]
