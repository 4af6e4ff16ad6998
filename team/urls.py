"""URLs of the pages about a fleet's team."""

from django.urls import path

from team import views

app_name = "team"
urlpatterns = [
    path("", views.team, name="list"),
    path("invite/", views.invite_somebody, name="invite"),
    path("invitations/<int:pk>/send/", views.send_again, name="send_again"),
    path("invitations/<int:pk>/revoke/", views.revoke_invitation, name="revoke"),
    path("members/<int:pk>/role/", views.other_role, name="role"),
    path("members/<int:pk>/remove/", views.remove, name="remove"),
    path("leave/", views.leave, name="leave"),
]
