"""URLs of the portal."""

from django.contrib import admin
from django.urls import include, path
from django.utils.translation import gettext_lazy as _
from django.views.generic import RedirectView

admin.site.index_title = _("Overview")

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="bookings:list"), name="home"),
    path("sites/", include("sites.urls")),
    path("bookings/", include("bookings.urls")),
    path("drivers/", include("drivers.urls")),
    # Log-in addresses are the staff's to change.
    path("account/email/", RedirectView.as_view(pattern_name="home")),
    path("account/", include("allauth.account.urls")),
    path("back-office/", admin.site.urls),
    path("health/", include("config.health")),
]
