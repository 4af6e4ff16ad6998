"""Mails about bookings, and who wants which."""

from notifications.models.notification import Notification
from notifications.models.preference import NotificationPreference

__all__ = ["Notification", "NotificationPreference"]
