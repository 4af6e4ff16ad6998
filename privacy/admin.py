"""What the back office shows of the privacy of people."""

from privacy.person_admin import DriverDataAdmin, UserDataAdmin
from privacy.trail_admin import AuditEntryAdmin

__all__ = ["AuditEntryAdmin", "DriverDataAdmin", "UserDataAdmin"]
