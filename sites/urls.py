"""URLs of the sites."""

from django.urls import path

from sites import picker_views, views

app_name = "sites"

urlpatterns = [
    path("", views.site_list, name="list"),
    path("<int:pk>/", views.site_detail, name="detail"),
    path("<int:pk>/availability/", picker_views.availability, name="availability"),
]
