"""URLs of the pages about calendars."""

from django.urls import path

from calendars.views import feeds, revoke

app_name = "calendars"

urlpatterns = [
    path("feeds/", feeds, name="feeds"),
    path("feeds/<int:pk>/revoke/", revoke, name="revoke"),
]
