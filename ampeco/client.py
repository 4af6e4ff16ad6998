"""The client of the AMPECO public API: one method for each call of the portal, in our words.

Every method raises the errors of `upstream.errors` and nothing else, unless it says so. Reading
methods may be retried for some seconds; methods that ask for bookings send exactly one request.
Methods that return an iterator send their first request when it is first used.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from ampeco.resources import Filters, Resources, items_of, only_wanted
from ampeco.types import (
    Booking,
    BookingRequest,
    CancelBookingRequest,
    ChangeBookingRequest,
    ChargePoint,
    Circuit,
    ElectricityRate,
    Evse,
    EvseAvailability,
    IdTag,
    Location,
    NewBookingRequest,
    Page,
    ParkingSpace,
    Partner,
    PartnerInvite,
    PriceDay,
    Session,
    User,
)
from upstream.calls import Observer, OperatorClock
from upstream.circuit_breaker import CacheCircuitBreaker
from upstream.emails import email_key, email_spellings
from upstream.rate_gate import RateGate
from upstream.readers import wire_instant
from upstream.transport import RETRY_SECONDS, SILENCE_SECONDS, Transport, id_in_path

LONGEST_WINDOW = timedelta(days=7)

LOCATIONS = "resources/locations/v2.0"
CHARGE_POINTS = "resources/charge-points/v2.0"
EVSES = "resources/evses/v2.1"
PARKING_SPACES = "resources/parking-spaces/v1.0"
CIRCUITS = "resources/circuits/v2.0"
ELECTRICITY_RATES = "resources/electricity-rates/v2.0"
USERS = "resources/users/v1.0"
PARTNER_INVITES = "resources/partner-invites/v1.0"
PARTNERS = "resources/partners/v2.0"
ID_TAGS = "resources/id-tags/v2.0"
BOOKING_REQUESTS = "resources/booking-requests/v1.0"
BOOKINGS = "resources/bookings/v1.0"
SESSIONS = "resources/sessions/v1.0"


class AmpecoClient:
    """A typed client for one operator; safe for use by several threads of one process.

    `base_url` includes `/public-api`. `gate` is shared by all clients that shall hold off together
    when the operator asks for it; `max_wait_seconds` is the longest such wait that a reading call
    sleeps itself instead of raising UpstreamRateLimited. `transport` replaces the network.
    `observer` is told of each attempt when it has ended.
    """

    def __init__(
        self,
        *,
        base_url: str,
        token: str,
        transport: httpx.BaseTransport | None = None,
        gate: RateGate | None = None,
        timeout: float = SILENCE_SECONDS,
        max_retry_seconds: float = RETRY_SECONDS,
        max_wait_seconds: float = 1.0,
        observer: Observer | None = None,
        circuit: CacheCircuitBreaker | None = None,
    ) -> None:
        self._transport = Transport(
            base_url=base_url,
            token=token,
            transport=transport,
            gate=gate,
            timeout=timeout,
            max_retry_seconds=max_retry_seconds,
            max_wait_seconds=max_wait_seconds,
            observer=observer,
            circuit=circuit,
        )
        self._resources = Resources(self._transport)

    def __repr__(self) -> str:
        return f"<AmpecoClient over {self._transport!r}>"

    @property
    def calls(self) -> int:
        return self._transport.calls

    @property
    def clock(self) -> OperatorClock:
        return self._transport.clock

    def held_back_for(self) -> float:
        """Return for how many seconds nothing would be sent; 0 when a call may be tried.

        For those who have work in store and would rather not take it up in vain.
        """
        return self._transport.held_back_for()

    def close(self) -> None:
        """Close the connections; the client is of no use afterwards."""
        self._transport.close()

    # Where

    def location_pages(
        self, *, updated_after: datetime | None = None, resume_from: str | None = None
    ) -> Iterator[Page[Location]]:
        """Yield the pages of all locations, or of those updated at or after an instant."""
        return self._resources.pages(
            "location_pages",
            LOCATIONS,
            Location.from_payload,
            resume_from=resume_from,
            filters={"lastUpdatedAfter": updated_after},
        )

    def read_location(self, location_id: int) -> Location:
        return self._resources.read("read_location", LOCATIONS, location_id, Location.from_payload)

    def charge_point_pages(
        self,
        *,
        location_id: int | None = None,
        updated_after: datetime | None = None,
        resume_from: str | None = None,
    ) -> Iterator[Page[ChargePoint]]:
        """Yield the pages of charge points, at one location or changed since an instant."""
        return self._resources.pages(
            "charge_point_pages",
            CHARGE_POINTS,
            ChargePoint.from_payload,
            resume_from=resume_from,
            filters={"locationId": location_id, "lastUpdatedAfter": updated_after},
        )

    def read_charge_point(self, charge_point_id: int) -> ChargePoint:
        return self._resources.read(
            "read_charge_point", CHARGE_POINTS, charge_point_id, ChargePoint.from_payload
        )

    def evse_pages(
        self, *, updated_after: datetime | None = None, resume_from: str | None = None
    ) -> Iterator[Page[Evse]]:
        """Yield the pages of all EVSEs with their connectors, or of those updated since.

        Raises UpstreamForbidden for tokens that may only read EVSEs by charge point.
        """
        return self._resources.pages(
            "evse_pages",
            EVSES,
            Evse.from_payload,
            include="connectors",
            resume_from=resume_from,
            filters={"lastUpdatedAfter": updated_after},
        )

    def evses_of_charge_point(self, charge_point_id: int) -> Iterator[Evse]:
        """Yield the EVSEs of a charge point with their connectors."""
        return items_of(
            self._resources.pages(
                "evses_of_charge_point",
                f"{CHARGE_POINTS}/{id_in_path(charge_point_id)}/evses",
                lambda payload: Evse.from_payload(payload).at_charge_point(charge_point_id),
                include="connectors",
            )
        )

    def read_evse(self, evse_id: int) -> Evse:
        return self._resources.read(
            "read_evse", EVSES, evse_id, Evse.from_payload, include="connectors"
        )

    def parking_space_pages(
        self, *, updated_after: datetime | None = None, resume_from: str | None = None
    ) -> Iterator[Page[ParkingSpace]]:
        """Yield the pages of parking spaces, each with the EVSEs that it belongs to."""
        return self._resources.pages(
            "parking_space_pages",
            PARKING_SPACES,
            ParkingSpace.from_payload,
            filters={"lastUpdatedAfter": updated_after},
            include="evses",
            resume_from=resume_from,
        )

    def check_availability(
        self, location_id: int, *, start_after: datetime, end_before: datetime
    ) -> list[EvseAvailability]:
        """Read when the bookable EVSEs of a location are free within a window of at most 7 days.

        An EVSE that is not in the answer is not available at all. Raises ValueError for a window
        that is empty, too long or without zone.
        """
        body = {"startAfter": wire_instant(start_after), "endBefore": wire_instant(end_before)}
        # In UTC: the difference of two times in one zone would not count a change of clocks.
        window = end_before.astimezone(UTC) - start_after.astimezone(UTC)
        if not timedelta() < window <= LONGEST_WINDOW:
            raise ValueError("The window must be longer than nothing and at most 7 days long.")
        return self._resources.ask(
            "check_availability",
            f"actions/locations/v2.0/{id_in_path(location_id)}/check-booking-availability",
            body,
            EvseAvailability.from_payload,
        )

    # How much power, and what it costs

    def circuit_pages(self) -> Iterator[Page[Circuit]]:
        """Yield the pages of the circuits that charge points share, each with those.

        Raises UpstreamForbidden for tokens that may not read them.
        """
        return self._resources.pages(
            "circuit_pages", CIRCUITS, Circuit.from_payload, include="chargePointPriorities"
        )

    def electricity_rate_pages(self) -> Iterator[Page[ElectricityRate]]:
        """Yield the pages of what electricity costs the operator.

        Raises UpstreamForbidden for tokens that may not read that.
        """
        return self._resources.pages(
            "electricity_rate_pages", ELECTRICITY_RATES, ElectricityRate.from_payload
        )

    def price_days(self, electricity_rate_id: int) -> list[PriceDay]:
        """Return the prices of a rate, by weekday and by date, on the clock of the site."""
        pages = self._resources.pages(
            "price_days",
            f"{ELECTRICITY_RATES}/{id_in_path(electricity_rate_id)}/price-periods",
            PriceDay.from_payload,
            per_page=None,
        )
        return list(items_of(pages))

    # Who

    def find_users_by_email(self, email: str, *, partner_id: int | None = None) -> list[User]:
        """Find the users with an e-mail, however they spelled it, with their invites.

        With `partner_id` those of a partner, so that of others even the operator says nothing. An
        operator that compares exactly finds only those in lower case or as it is given here.
        """
        wanted = email_key(email)
        if not wanted:
            return []
        for spelling in email_spellings(email):
            found = only_wanted(
                "find_users_by_email",
                self._user_pages(
                    "find_users_by_email", filters={"email": spelling, "partnerId": partner_id}
                ),
                lambda user: email_key(user.email) == wanted,
            )
            if found:
                return found
        return []

    def users_of_partner(self, partner_id: int) -> Iterator[User]:
        return items_of(self.partner_user_pages(partner_id))

    def partner_user_pages(self, partner_id: int) -> Iterator[Page[User]]:
        return self._user_pages("users_of_partner", filters={"partnerId": partner_id})

    def read_user(self, user_id: int) -> User:
        return self._resources.read(
            "read_user", USERS, user_id, User.from_payload, include="partnerInvites"
        )

    def partner_invites(
        self,
        *,
        partner_id: int | None = None,
        user_id: int | None = None,
        status: str | None = None,
    ) -> Iterator[PartnerInvite]:
        """Yield invites; what does not match is left out even if the operator gives it."""
        invites = items_of(
            self._resources.pages(
                "partner_invites",
                PARTNER_INVITES,
                PartnerInvite.from_payload,
                filters={"partnerId": partner_id, "userId": user_id, "status": status},
            )
        )
        return (
            invite
            for invite in invites
            if partner_id in {None, invite.partner_id}
            and user_id in {None, invite.user_id}
            and status in {None, invite.status}
        )

    def partners(self) -> Iterator[Partner]:
        return items_of(self._resources.pages("partners", PARTNERS, Partner.from_payload))

    def read_partner(self, partner_id: int) -> Partner:
        return self._resources.read("read_partner", PARTNERS, partner_id, Partner.from_payload)

    def id_tags_of(self, user_id: int) -> list[IdTag]:
        """Return what starts a charge for a user, as far as the operator tells this token."""
        return only_wanted(
            "id_tags_of",
            self._resources.pages(
                "id_tags_of",
                ID_TAGS,
                IdTag.from_payload,
                filters={"userId": user_id},
                with_cursor=True,
            ),
            lambda tag: tag.user_id == user_id,
        )

    # When

    def create_booking_request(self, new: NewBookingRequest) -> BookingRequest:
        """Ask for a booking; sent once. After an ambiguous UpstreamUnavailable look first."""
        return self._submit("create_booking_request", new.to_payload())

    def change_booking_request(self, change: ChangeBookingRequest) -> BookingRequest:
        """Ask to change a booking; sent once."""
        return self._submit("change_booking_request", change.to_payload())

    def cancel_booking_request(self, cancel: CancelBookingRequest) -> BookingRequest:
        """Ask to cancel a booking; sent once."""
        return self._submit("cancel_booking_request", cancel.to_payload())

    def read_booking_request(self, request_id: int) -> BookingRequest:
        return self._resources.read(
            "read_booking_request", BOOKING_REQUESTS, request_id, BookingRequest.from_payload
        )

    def booking_request_pages(
        self,
        *,
        status: str | None = None,
        user_id: int | None = None,
        location_id: int | None = None,
        external_id: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        start_after: datetime | None = None,
        start_before: datetime | None = None,
        end_after: datetime | None = None,
        end_before: datetime | None = None,
        resume_from: str | None = None,
    ) -> Iterator[Page[BookingRequest]]:
        """Yield the pages of booking requests, of all channels and not only ours."""
        return self._resources.pages(
            "booking_request_pages",
            BOOKING_REQUESTS,
            BookingRequest.from_payload,
            resume_from=resume_from,
            filters={
                "status": status,
                "userId": user_id,
                "locationId": location_id,
                "externalId": external_id,
                "createdAfter": created_after,
                "createdBefore": created_before,
                "startAfter": start_after,
                "startBefore": start_before,
                "endAfter": end_after,
                "endBefore": end_before,
            },
        )

    def find_booking_requests(self, external_id: str) -> list[BookingRequest]:
        """Find the booking requests with exactly this external id.

        An operator that ignores the filter is noticed, and its list read for a few pages only: then
        nothing found does not mean that there is none.
        """
        return only_wanted(
            "find_booking_requests",
            self._resources.pages(
                "find_booking_requests",
                BOOKING_REQUESTS,
                BookingRequest.from_payload,
                filters={"externalId": external_id},
            ),
            lambda request: request.external_id == external_id,
        )

    def booking_pages(
        self,
        *,
        status: str | None = None,
        user_id: int | None = None,
        location_id: int | None = None,
        start_after: datetime | None = None,
        start_before: datetime | None = None,
        end_after: datetime | None = None,
        end_before: datetime | None = None,
        resume_from: str | None = None,
    ) -> Iterator[Page[Booking]]:
        """Yield the pages of bookings; `end_after` with `start_before` gives those of a window."""
        return self._resources.pages(
            "booking_pages",
            BOOKINGS,
            Booking.from_payload,
            resume_from=resume_from,
            filters={
                "status": status,
                "userId": user_id,
                "locationId": location_id,
                "startAfter": start_after,
                "startBefore": start_before,
                "endAfter": end_after,
                "endBefore": end_before,
            },
        )

    def read_booking(self, booking_id: int) -> Booking:
        return self._resources.read(
            "read_booking", BOOKINGS, booking_id, Booking.from_payload, include="bookedEvses"
        )

    def session_pages(
        self,
        *,
        status: str | None = None,
        user_id: int | None = None,
        started_after: datetime | None = None,
        started_before: datetime | None = None,
        ended_after: datetime | None = None,
        ended_before: datetime | None = None,
        resume_from: str | None = None,
    ) -> Iterator[Page[Session]]:
        """Yield the pages of charging sessions, of all who charge and not only who book."""
        return self._resources.pages(
            "session_pages",
            SESSIONS,
            Session.from_payload,
            resume_from=resume_from,
            with_cursor=True,
            filters={
                "status": status,
                "userId": user_id,
                "startedAfter": started_after,
                "startedBefore": started_before,
                "endedAfter": ended_after,
                "endedBefore": ended_before,
            },
        )

    def read_session(self, session_id: int | str) -> Session:
        return self._resources.read("read_session", SESSIONS, session_id, Session.from_payload)

    def _user_pages(self, operation: str, *, filters: Filters) -> Iterator[Page[User]]:
        return self._resources.pages(
            operation,
            USERS,
            User.from_payload,
            filters=filters,
            include="partnerInvites",
            with_cursor=True,
        )

    def _submit(self, operation: str, body: dict[str, Any]) -> BookingRequest:
        sent_at = time.time()
        answer = self._resources.submit(
            operation, BOOKING_REQUESTS, body, BookingRequest.from_payload
        )
        # What dates requests need not be what dates answers.
        self.clock.note(answer.created_at, sent_at=sent_at)
        return answer
