"""A fleet's month with its figures in a file, to whom the fleet has named.

What it says and brings is for `reports` to write, which stands above this room.
"""

from abc import abstractmethod
from datetime import datetime
from typing import Any, Protocol

from django.core.mail import EmailMultiAlternatives

from notifications.kinds.base import Kind, MailKind, Managers
from notifications.kinds.parts import Letter
from notifications.models import Notification


class Writer(Protocol):
    """Who knows what stands in the mails, and whether they are wanted still."""

    @abstractmethod
    def compose(self, mail: Notification) -> EmailMultiAlternatives: ...

    @abstractmethod
    def is_obsolete(self, mail: Notification, *, now: datetime) -> bool: ...


# Set when the portal starts.
writer: Writer


def written_by(one: Writer) -> None:
    global writer
    writer = one


class MonthReport(MailKind):
    kind = Kind.MONTH_REPORT
    managers = Managers.NOBODY
    offered = (Managers.NOBODY,)
    is_chosen = False

    def is_obsolete(self, mail: Notification, *, now: datetime) -> bool:
        return writer.is_obsolete(mail, now=now)

    def write(self, case: Any) -> Letter:
        """Not asked for: `compose` has the whole of it written."""
        raise TypeError(case)
