"""Rows for tests: traits instead of arguments where a state needs several fields at once."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import factory
from django.contrib.auth.hashers import make_password
from django.utils.timezone import now

from accounts.models import User
from bookings.models import Booking, BookingRequest
from bookings.models.booking import reference_key, slot_key
from calendars.feeds import feed_url
from calendars.models import CalendarFeed, kept, new_secret
from charging.models import Budget, CostCentre, Session
from drivers.models import Driver, Fleet, FleetDriver, FleetMembership, PrivateAccess
from limits.models import Limit
from maintenance.models import Downtime
from notifications.models import Notification
from sites.models import ChargePoint, Connector, Evse, Location
from vehicles.models import Vehicle
from waiting.models import Offer, Wish

PASSWORD = "correct horse battery"


def next_noon() -> datetime:
    """Return noon UTC of the day after tomorrow: in the future whatever the site's zone."""
    day = now().astimezone(UTC) + timedelta(days=2)
    return day.replace(hour=12, minute=0, second=0, microsecond=0)


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person{n}@fleet.example")
    name = factory.Sequence(lambda n: f"Person {n}")
    password = PASSWORD

    @classmethod
    def _adjust_kwargs(cls, **kwargs):
        return kwargs | {"password": make_password(kwargs["password"])}

    class Params:
        staff = factory.Trait(is_staff=True, is_superuser=True)


class FleetFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Fleet

    name = factory.Sequence(lambda n: f"Fleet {n}")
    ampeco_partner_id = factory.Sequence(lambda n: 9000 + n)


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = FleetMembership

    fleet = factory.SubFactory(FleetFactory)
    user = factory.SubFactory(UserFactory)
    role = FleetMembership.Role.MANAGER

    class Params:
        viewer = factory.Trait(role=FleetMembership.Role.VIEWER)
        admin = factory.Trait(is_admin=True)


class DriverFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Driver
        skip_postgeneration_save = True

    ampeco_user_id = factory.Sequence(lambda n: 70_000 + n)
    email = factory.Sequence(lambda n: f"driver{n}@fleet.example")
    first_name = "Dana"
    last_name = factory.Sequence(lambda n: f"Driver {n:03}")
    status = Driver.Status.ENABLED
    synced_at = factory.LazyFunction(now)
    search_text = factory.LazyAttribute(
        lambda o: f"{o.first_name} {o.last_name} {o.email}".casefold()
    )

    @factory.post_generation
    def fleet(self, create, extracted, **kwargs):
        if create and extracted:
            FleetDriver.objects.create(fleet=extracted, driver=self)

    @factory.post_generation
    def private_access(self, create, extracted, **kwargs):
        for partner_id in extracted or ():
            PrivateAccess.objects.create(driver=self, ampeco_partner_id=partner_id)


class LocationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Location

    ampeco_id = factory.Sequence(lambda n: 1000 + n)
    name = factory.Sequence(lambda n: f"Depot {n:03}")
    address = "1 Pier Road, New York, NY 10001"
    street_address = "1 Pier Road"
    city = "New York"
    country = "US"
    latitude = 40.7
    longitude = -74.0
    timezone = "America/New_York"
    always_open = True
    status = Location.Status.ENABLED
    synced_at = factory.LazyFunction(now)
    search_text = factory.LazyAttribute(lambda o: f"{o.name} {o.city} {o.address}".casefold())


class ChargePointFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ChargePoint

    ampeco_id = factory.Sequence(lambda n: 2000 + n)
    location = factory.SubFactory(LocationFactory)
    name = factory.Sequence(lambda n: f"CP-{n:03}")
    type = ChargePoint.Type.PUBLIC
    status = "enabled"
    network_status = "available"
    synced_at = factory.LazyFunction(now)


class EvseFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Evse
        skip_postgeneration_save = True

    ampeco_id = factory.Sequence(lambda n: 3000 + n)
    charge_point = factory.SubFactory(ChargePointFactory)
    physical_reference = factory.Sequence(lambda n: f"REF-{n:03}")
    label = factory.Sequence(lambda n: f"Bay {n}")
    current_type = Evse.CurrentType.DC
    status = Evse.Status.ENABLED
    hardware_status = "available"
    booking_enabled = True
    max_power_kw = Decimal(150)
    synced_at = factory.LazyFunction(now)

    @factory.post_generation
    def connector(self, create, extracted, **kwargs):
        if create:
            Connector.objects.create(evse=self, ampeco_id=self.ampeco_id, type=extracted or "ccs2")


class VehicleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Vehicle

    fleet = factory.SubFactory(FleetFactory)
    number = factory.Sequence(lambda n: f"Van {n:03}")
    plate = factory.Sequence(lambda n: f"HPF {n:04}")
    ampeco_type = Vehicle.Type.VAN
    battery_kwh = Decimal(75)
    ac_kw = Decimal(11)
    dc_kw = Decimal(100)
    plugs = factory.LazyFunction(lambda: ["type2", "ccs2"])
    search_text = factory.LazyAttribute(lambda o: f"{o.number} {o.plate}".casefold())


class BookingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Booking

    fleet = factory.SubFactory(FleetFactory)
    driver = factory.SubFactory(DriverFactory)
    evse = factory.SubFactory(EvseFactory)
    location = factory.LazyAttribute(lambda o: o.evse.charge_point.location)
    start_at = factory.LazyFunction(next_noon)
    reference = ""
    end_at = factory.LazyAttribute(lambda o: o.start_at + timedelta(hours=1))
    reference_key = factory.LazyAttribute(lambda o: reference_key(o.reference))
    slot_key = factory.LazyAttribute(
        lambda o: slot_key(
            driver=o.driver,
            location=o.location,
            evse=o.evse,
            wanted="",
            start=o.start_at,
            end=o.end_at,
        )
    )

    class Params:
        accepted = factory.Trait(
            status=Booking.Status.ACCEPTED,
            ampeco_booking_id=factory.Sequence(lambda n: 5000 + n),
        )
        rejected = factory.Trait(status=Booking.Status.REJECTED, slot_key="", needs_attention=True)


class SessionFactory(factory.django.DjangoModelFactory):
    """A finished charge of 30 kWh for 12.00 EUR, paid for, without a booking."""

    class Meta:
        model = Session

    ampeco_id = factory.Sequence(lambda n: str(70_000 + n))
    fleet = factory.SubFactory(FleetFactory)
    driver = factory.LazyAttribute(lambda one: DriverFactory(fleet=one.fleet))
    evse = factory.SubFactory(EvseFactory)
    location = factory.SelfAttribute("evse.charge_point.location")
    status = Session.Status.FINISHED
    started_at = factory.LazyFunction(lambda: next_noon() - timedelta(days=3))
    stopped_at = factory.LazyAttribute(lambda one: one.started_at + timedelta(hours=2))
    local_day = factory.LazyAttribute(
        lambda one: one.started_at.astimezone(one.location.zone if one.location else UTC).date()
    )
    energy_kwh = Decimal(30)
    amount = Decimal(12)
    amount_without_tax = Decimal(10)
    tax_percent = Decimal(20)
    currency = "EUR"
    billing_status = "completed"
    payment = Session.Payment.PAID
    synced_at = factory.LazyFunction(now)


class CostCentreFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CostCentre

    fleet = factory.SubFactory(FleetFactory)
    code = factory.Sequence(lambda n: f"CC {4000 + n}")


class BudgetFactory(factory.django.DjangoModelFactory):
    """A fleet's budget of 1,000 EUR a month, with a warning at 80 %."""

    class Meta:
        model = Budget

    fleet = factory.SubFactory(FleetFactory)
    amount = Decimal(1000)
    currency = "EUR"


class BookingRequestFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = BookingRequest

    booking = factory.SubFactory(BookingFactory)
    driver = factory.LazyAttribute(lambda o: o.booking.driver)
    location = factory.LazyAttribute(lambda o: o.booking.location)
    evse = factory.LazyAttribute(lambda o: o.booking.evse)
    start_at = factory.LazyAttribute(lambda o: o.booking.start_at)
    end_at = factory.LazyAttribute(lambda o: o.booking.end_at)

    class Params:
        pending = factory.Trait(
            status=BookingRequest.Status.PENDING,
            ampeco_request_id=factory.Sequence(lambda n: 4000 + n),
            send_started_at=factory.LazyFunction(now),
            sent_at=factory.LazyFunction(now),
        )
        rejected = factory.Trait(
            status=BookingRequest.Status.REJECTED,
            ampeco_request_id=factory.Sequence(lambda n: 4000 + n),
            sent_at=factory.LazyFunction(now),
            settled_at=factory.LazyFunction(now),
            rejection_reason="The charger is taken at this time.",
        )
        approved = factory.Trait(
            status=BookingRequest.Status.APPROVED,
            ampeco_request_id=factory.Sequence(lambda n: 4000 + n),
            sent_at=factory.LazyFunction(now),
            settled_at=factory.LazyFunction(now),
        )


class NotificationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Notification

    request = factory.SubFactory(BookingRequestFactory, approved=True)
    booking = factory.LazyAttribute(lambda o: o.request.booking)
    kind = Notification.Kind.APPROVED
    audience = Notification.Audience.DRIVER
    recipient_email = factory.LazyAttribute(lambda o: o.booking.driver.email)


class WishFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Wish

    fleet = factory.SubFactory(FleetFactory)
    driver = factory.SubFactory(DriverFactory)
    evse = factory.SubFactory(EvseFactory)
    location = factory.LazyAttribute(lambda o: o.evse.charge_point.location)
    window_start = factory.LazyFunction(next_noon)
    window_end = factory.LazyAttribute(lambda o: o.window_start + timedelta(hours=4))
    minutes = 60


class OfferFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Offer

    wish = factory.SubFactory(WishFactory, state=Wish.State.OFFERED)
    evse = factory.LazyAttribute(lambda o: o.wish.evse)
    location = factory.LazyAttribute(lambda o: o.wish.location)
    start_at = factory.LazyAttribute(lambda o: o.wish.window_start)
    end_at = factory.LazyAttribute(lambda o: o.start_at + o.wish.length)
    expires_at = factory.LazyFunction(lambda: now() + timedelta(minutes=30))


class CalendarFeedFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CalendarFeed

    fleet = factory.SubFactory(FleetFactory)
    created_by = factory.LazyAttribute(lambda feed: MembershipFactory(fleet=feed.fleet).user)

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return super()._create(model_class, *args, **{**kept(new_secret()), **kwargs})


def secret_of(feed: CalendarFeed) -> str:
    """Return what stands in the address of a calendar."""
    return feed_url(feed).rpartition("/")[2].removesuffix(".ics")


class LimitFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Limit
        skip_postgeneration_save = True

    fleet = factory.SubFactory(FleetFactory)
    kind = Limit.Kind.AT_A_TIME
    most = Decimal(1)

    @factory.post_generation
    def evses(self, create, extracted, **kwargs):
        if create and extracted:
            self.evses.set(extracted)


class DowntimeFactory(factory.django.DjangoModelFactory):
    """Planned downtime of a charger around next noon; of its charge point with `whole`."""

    class Meta:
        model = Downtime

    ampeco_id = factory.Sequence(lambda n: 100 + n)
    of = "evse"
    evse = factory.SubFactory(EvseFactory)
    charge_point = factory.LazyAttribute(lambda o: o.evse.charge_point)
    start_at = factory.LazyFunction(lambda: next_noon() - timedelta(hours=1))
    end_at = factory.LazyAttribute(lambda o: o.start_at + timedelta(hours=3))
    entry_mode = "manual"
    type = "exempt"
    ampeco_notice_id = 1
    notice = "Replacing the cable"
    synced_at = factory.LazyFunction(now)

    class Params:
        whole = factory.Trait(of="charge-point", evse=None)
