from django.urls import path

from maintenance.pages import chargers

app_name = "maintenance"

urlpatterns = [
    path("", chargers.own_chargers, name="own_chargers"),
    path("<int:pk>/", chargers.charger, name="charger"),
    path("sites/<int:pk>/", chargers.site_statistics, name="site"),
]
