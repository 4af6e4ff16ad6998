"""URLs of the pages about mails."""

from django.urls import path

from notifications.views import mail_settings, sent

app_name = "notifications"

urlpatterns = [
    path("notices/", mail_settings, name="settings"),
    path("sent/", sent, name="sent"),
]
