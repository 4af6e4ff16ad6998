"""URLs of the pages about mails."""

from django.urls import path

from notifications.views import notices, sent

app_name = "notifications"

urlpatterns = [
    path("notices/", notices, name="settings"),
    path("sent/", sent, name="sent"),
]
