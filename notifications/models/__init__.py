"""Mails about bookings, wishes, budgets and months, and who wants which."""

from notifications.models.notification import Notification
from notifications.models.preference import NotificationPreference

__all__ = ["Notification", "NotificationPreference"]
