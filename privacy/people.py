"""What is kept of a person, as rows: what export, erasure and retention are about."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from batches.models import BatchRow
from bookings.models import (
    Booking,
    BookingEvent,
    BookingRequest,
    BookingRequestEvent,
    ChargerReport,
    ChargingSession,
)
from calendars.models import CalendarFeed
from charging.models import Assignment, Session, Transaction
from drivers.models import Driver, FleetDriver, IdTag, PrivateAccess
from notifications.models import Notification
from series.models import Series
from upstream.emails import email_spellings
from vehicles.models import Vehicle
from waiting.models import Wish, WishEvent


@dataclass(frozen=True, slots=True)
class OfDriver:
    """The rows that are about one driver.

    Requests also count that asked to take a booking away from the driver, mails those that went to
    the driver, whatever the address was then.
    """

    driver: Driver

    @property
    def bookings(self) -> QuerySet[Booking]:
        return Booking.objects.filter(driver=self.driver)

    @property
    def requests(self) -> QuerySet[BookingRequest]:
        return BookingRequest.objects.filter(
            Q(driver=self.driver) | Q(previous_driver=self.driver) | Q(booking__driver=self.driver)
        )

    @property
    def request_events(self) -> QuerySet[BookingRequestEvent]:
        return BookingRequestEvent.objects.filter(request__in=self.requests.values("pk"))

    @property
    def events(self) -> QuerySet[BookingEvent]:
        return BookingEvent.objects.filter(Q(booking__driver=self.driver) | Q(driver=self.driver))

    @property
    def wishes(self) -> QuerySet[Wish]:
        return Wish.objects.filter(driver=self.driver)

    @property
    def wish_events(self) -> QuerySet[WishEvent]:
        return WishEvent.objects.filter(wish__driver=self.driver)

    @property
    def reports(self) -> QuerySet[ChargerReport]:
        return ChargerReport.objects.filter(Q(booking__driver=self.driver) | Q(driver=self.driver))

    @property
    def mails(self) -> QuerySet[Notification]:
        """The mails to the driver. Reads the whole table: nothing else needs an index for it."""
        to_them = Q(recipient_driver=self.driver)
        if self.driver.email:
            to_them |= Q(
                recipient_email__in=email_spellings(self.driver.email),
                audience=Notification.Audience.DRIVER,
            )
        return Notification.objects.filter(to_them)

    @property
    def mails_about(self) -> QuerySet[Notification]:
        return Notification.objects.filter(
            Q(booking__driver=self.driver) | Q(wish_event__wish__driver=self.driver)
        )

    @property
    def sessions(self) -> QuerySet[ChargingSession]:
        return ChargingSession.objects.filter(booking__driver=self.driver)

    @property
    def charges(self) -> QuerySet[Session]:
        """What accounts are made of: all that they charged, booked or not."""
        return Session.objects.filter(driver=self.driver)

    @property
    def payments(self) -> QuerySet[Transaction]:
        return Transaction.objects.filter(session__driver=self.driver)

    @property
    def assignments(self) -> QuerySet[Assignment]:
        """What somebody said afterwards of what they charged."""
        return Assignment.objects.filter(session__driver=self.driver)

    @property
    def feeds(self) -> QuerySet[CalendarFeed]:
        return CalendarFeed.objects.filter(driver=self.driver)

    @property
    def fleets(self) -> QuerySet[FleetDriver]:
        return FleetDriver.objects.filter(driver=self.driver)

    @property
    def private_access(self) -> QuerySet[PrivateAccess]:
        return PrivateAccess.objects.filter(driver=self.driver)

    @property
    def id_tags(self) -> QuerySet[IdTag]:
        return IdTag.objects.filter(driver=self.driver)

    @property
    def vehicles(self) -> QuerySet[Vehicle]:
        """The vehicles that the driver usually drives: by their plates people are recognised."""
        return Vehicle.objects.filter(usual_driver=self.driver)

    @property
    def series(self) -> QuerySet[Series]:
        return Series.objects.filter(driver=self.driver)

    @property
    def table_rows(self) -> QuerySet[BatchRow]:
        """The rows of tables that were to become, or became, bookings of theirs."""
        return BatchRow.objects.filter(Q(driver=self.driver) | Q(booking__driver=self.driver))

    @property
    def open_bookings(self) -> QuerySet[Booking]:
        """The bookings that are ahead, under way or not decided."""
        ahead = Q(
            end_at__gt=timezone.now(),
            status__in=Booking.MAY_COME,
        )
        return self.bookings.filter(
            ahead | ~Q(open_change="") | Q(requests__status__in=BookingRequest.OPEN)
        )

    @property
    def open_requests(self) -> QuerySet[BookingRequest]:
        return BookingRequest.objects.filter(
            Q(driver=self.driver) | Q(previous_driver=self.driver), status__in=BookingRequest.OPEN
        )


def mails_to_user(user: User) -> QuerySet[Notification]:
    """Return the mails to somebody who logs in; reads the whole table."""
    return Notification.objects.filter(
        Q(recipient_user=user)
        | Q(recipient_email__in=email_spellings(user.email), audience=Notification.Audience.MANAGER)
    )
