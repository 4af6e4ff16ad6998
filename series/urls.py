"""URLs of series."""

from django.urls import path

from series.pages import views

app_name = "series"

urlpatterns = [
    path("", views.series_list, name="list"),
    path("new/", views.new, name="new"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/change/", views.change, name="change"),
    path("<int:pk>/cancel/", views.cancel, name="cancel"),
    path("<int:pk>/again/", views.again, name="again"),
    path("<int:pk>/take/", views.take, name="take"),
]
