"""Where other platforms call; `hooks.middleware` answers before anything else is asked."""

from django.urls import path, re_path

from hooks import views

app_name = "hooks"
urlpatterns = [
    path("ampeco", views.from_ampeco, name="ampeco"),
    path("ampcontrol/<str:network>", views.from_ampcontrol, name="ampcontrol"),
    # With a slash too many, of an older version, or made up.
    re_path("", views.from_nobody, name="other"),
]
