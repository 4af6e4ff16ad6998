from django.urls import URLPattern

app_name = "charging"

urlpatterns: list[URLPattern] = []
