"""URLs of the portal."""

from django.contrib import admin
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

from accounts.back_office import use_the_portals_log_in
from backoffice.pages import add_pages
from boards.day import views as day_views
from boards.today import views as today_views
from bookings.pages import drivers as driver_pages
from bookings.pages import search
from bookings.pages.driver_page import on_site as driver_on_site
from bookings.pages.driver_page import views as driver_page_views
from bookings.pages.vehicles import page as vehicle_page
from calendars import views as calendars_views
from config.metrics import metrics
from drivers.urls import urlpatterns as of_drivers
from energy.pages.power import site_power
from energy.pages.sessions import session_page
from energy.pages.vehicles import vehicle_now
from remote.pages import driver_page as driver_remote
from reports.pages import mail as report_mail
from shell.look import theme
from sites.urls import urlpatterns as of_sites
from team import joining_views
from vehicles.urls import urlpatterns as of_vehicles

admin.site.index_title = _("Overview")
use_the_portals_log_in(admin.site)
add_pages(admin.site)
# The library of the log-in looks for it here.
handler429 = "accounts.security_views.too_many_requests"

of_a_driver = [
    path("", driver_page_views.show, name="show"),
    path("cancel/", driver_page_views.cancel, name="cancel"),
    path("late/", driver_page_views.late, name="late"),
    path("report/", driver_on_site.report, name="report"),
    path("end/", driver_on_site.end, name="end"),
    path("other/", driver_on_site.other, name="other"),
    path("charger/", driver_remote.panel, name="panel"),
    path("start/", driver_remote.start, name="start"),
    path("stop/", driver_remote.stop, name="stop"),
    path("unlock/", driver_remote.unlock, name="unlock"),
    path("booking.ics", driver_page_views.calendar, name="calendar"),
]

# Pages about a site that show bookings, of which the sites themselves know nothing.
of_site_days = [
    path("<int:pk>/day/", day_views.site_day, name="day"),
    path("<int:pk>/chargers/<int:evse_pk>/week/", day_views.charger_week, name="charger_week"),
]

# So does a vehicle's page.
of_a_vehicle = [path("<int:pk>/", vehicle_page.detail, name="detail")]
# What smart charging knows, which stands above sites and vehicles.
of_site_power = [path("<int:pk>/power/", site_power, name="power")]
of_vehicle_charging = [
    path("<int:pk>/now/", vehicle_now, name="now"),
    path("<int:pk>/sessions/<int:session_pk>/", session_page, name="session"),
]
# The page about a driver, who knows nothing of bookings either.
of_driver_bookings = [path("<int:pk>/", driver_pages.detail, name="detail")]

urlpatterns = [
    path("", today_views.today, name="home"),
    path("search/", search.search_everything, name="search"),
    path("sites/", include(([*of_sites, *of_site_days, *of_site_power], "sites"))),
    path("bookings/tables/", include("batches.urls")),
    path("bookings/", include("bookings.urls")),
    path("bookings/", include("calendars.urls")),
    path("bookings/", include("notifications.urls")),
    path("imports/", include("imports.urls")),
    path("series/", include("series.urls")),
    path("vehicles/", include("energy.departures.urls")),
    path("vehicles/", include(([*of_vehicles, *of_a_vehicle, *of_vehicle_charging], "vehicles"))),
    path("drivers/", include(([*of_drivers, *of_driver_bookings], "drivers"))),
    path("waiting/", include("waiting.urls")),
    path("rules/", include("limits.urls")),
    path("charging/", include("charging.urls")),
    path("reports/", include("reports.urls")),
    path("remote/", include("remote.urls")),
    path("chargers/", include("maintenance.urls")),
    path("team/", include("team.urls")),
    # Opened by a secret in the address, without a log-in.
    path("d/<str:secret>/", include((of_a_driver, "driver-page"))),
    path("calendar/<str:secret>.ics", calendars_views.calendar_feed, name="calendar-feed"),
    path("invitation/<str:secret>/", joining_views.invitation, name="team-invitation"),
    path("report-mail/<str:secret>/", report_mail.stop, name="report-mail-stop"),
    path("account/", include("accounts.urls")),
    path("back-office/", admin.site.urls),
    path("hooks/", include("hooks.urls")),
    path("health/", include("config.health")),
    path("metrics", metrics, name="metrics"),
    path("theme.css", theme, name="theme"),
]
