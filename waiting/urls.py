"""URLs of the waiting list."""

from django.urls import path

from waiting import views

app_name = "waiting"
urlpatterns = [
    path("", views.wish_list, name="list"),
    path("new/", views.new, name="new"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/change/", views.change, name="change"),
    path("<int:pk>/cancel/", views.cancel, name="cancel"),
    path("offers/<uuid:uid>/", views.offer, name="offer"),
    path("offers/<uuid:uid>/let-pass/", views.decline, name="let_pass"),
]
