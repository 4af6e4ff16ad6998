"""URLs of what chargers are told from afar."""

from django.urls import path

from remote.pages import manager

app_name = "remote"

urlpatterns = [
    path("<int:pk>/", manager.panel, name="panel"),
    path("<int:pk>/start/", manager.act, {"kind": "start"}, name="start"),
    path("<int:pk>/stop/", manager.act, {"kind": "stop"}, name="stop"),
    path("<int:pk>/unlock/", manager.act, {"kind": "unlock"}, name="unlock"),
]
