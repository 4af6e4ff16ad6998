"""URLs of the portal."""

from django.contrib import admin
from django.urls import include, path
from django.utils.translation import gettext_lazy as _
from django.views.generic import RedirectView

from bookings.views import driver_page, feeds
from config.metrics import metrics

admin.site.index_title = _("Overview")

of_a_driver = [
    path("", driver_page.show, name="show"),
    path("cancel/", driver_page.cancel, name="cancel"),
    path("late/", driver_page.late, name="late"),
    path("booking.ics", driver_page.calendar, name="calendar"),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="bookings:list"), name="home"),
    path("sites/", include("sites.urls")),
    path("bookings/", include("bookings.urls")),
    path("drivers/", include("drivers.urls")),
    # Opened by a secret in the address, without a log-in.
    path("d/<str:secret>/", include((of_a_driver, "driver-page"))),
    path("calendar/<str:secret>.ics", feeds.calendar_feed, name="calendar-feed"),
    # Log-in addresses are the staff's to change.
    path("account/email/", RedirectView.as_view(pattern_name="home")),
    path("account/", include("allauth.account.urls")),
    path("back-office/", admin.site.urls),
    path("health/", include("config.health")),
    path("metrics", metrics, name="metrics"),
]
