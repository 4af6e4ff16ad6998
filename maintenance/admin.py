"""Maintenance in the back office."""

from django.contrib import admin

from maintenance.models import Downtime, DowntimeChange, DowntimeNotice
from maintenance.pages.downtime_admin import (
    DowntimeAdmin,
    DowntimeChangeAdmin,
    DowntimeNoticeAdmin,
)

admin.site.register(Downtime, DowntimeAdmin)
admin.site.register(DowntimeChange, DowntimeChangeAdmin)
admin.site.register(DowntimeNotice, DowntimeNoticeAdmin)
