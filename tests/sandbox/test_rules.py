"""How the operator decides, and what it takes in at all."""

from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from sandbox.world.cast import ANA, BEN, BOTH, CARLA, DISABLED, HUDSON, JULES
from sandbox.world.judgement import NO_ROOM
from tests.sandbox.conftest import (
    API,
    BOOKINGS,
    HOUR,
    NOW,
    REQUESTS,
    SOON,
    evse_at,
    new_booking,
    site_named,
)


def outcome(response) -> tuple[str, str]:
    """Return the status of a decided request, and the reason against it."""
    assert response.status_code == 201, response.text
    data = response.json()["data"]
    return data["status"], data.get("rejectionReason", "")


@pytest.fixture
def evse(world):
    """A public EVSE of 120 kW with CCS2 and CHAdeMO; the other one there is AC."""
    return evse_at(world, "Adelaide")


class TestNew:
    def test_free_slot_is_approved(self, world, ask, evse):
        answer = ask(new_booking(world, evse))
        assert outcome(answer) == ("approved", "")
        booking = world.bookings[answer.json()["data"]["bookingId"]]
        assert (booking.evse_id, booking.user_id, booking.status) == (evse.id, ANA.id, "accepted")

    @pytest.mark.parametrize("minutes", [-59, 0, 59])
    def test_overlap_is_rejected(self, world, ask, evse, minutes):
        ask(new_booking(world, evse))
        start = SOON + timedelta(minutes=minutes)
        later = new_booking(
            world, evse, startAt=start.isoformat(), endAt=(start + HOUR).isoformat()
        )
        assert outcome(ask(later)) == ("rejected", "The charger is taken at this time.")
        assert len(world.bookings) == 1

    @pytest.mark.parametrize("minutes", [-60, 60])
    def test_right_before_and_after_is_approved(self, world, ask, evse, minutes):
        ask(new_booking(world, evse))
        start = SOON + timedelta(minutes=minutes)
        beside = new_booking(
            world, evse, startAt=start.isoformat(), endAt=(start + HOUR).isoformat()
        )
        assert outcome(ask(beside))[0] == "approved"

    def test_other_offsets_mean_the_same_instant(self, world, ask, evse):
        ask(new_booking(world, evse))
        there = new_booking(
            world, evse, startAt="2026-03-02T22:30:00+10:30", endAt="2026-03-02T23:00:00+10:30"
        )
        assert outcome(ask(there))[0] == "rejected"

    def test_cancelled_booking_makes_room(self, world, ask, evse):
        first = ask(new_booking(world, evse)).json()["data"]
        ask({"type": "cancel", "bookingId": first["bookingId"]})
        assert outcome(ask(new_booking(world, evse)))[0] == "approved"

    @pytest.mark.parametrize("status", ["disabled", "out of order"])
    def test_evse_out_of_service(self, world, ask, evse, status):
        world.set_evse_status(evse.id, status)
        assert outcome(ask(new_booking(world, evse))) == (
            "rejected",
            "The charger is out of service.",
        )

    def test_evse_that_is_not_for_booking(self, world, ask):
        visitors = evse_at(world, "Red Hook", 4)
        assert not visitors.booking_enabled
        assert outcome(ask(new_booking(world, visitors)))[0] == "rejected"

    def test_site_out_of_service(self, world, ask):
        assert outcome(ask(new_booking(world, evse_at(world, "Closed"))))[0] == "rejected"

    def test_evse_of_another_site(self, world, ask, evse):
        elsewhere = new_booking(world, evse, locationId=site_named(world, "Secaucus").id)
        assert outcome(ask(elsewhere)) == ("rejected", "The charger is not at this location.")

    @pytest.mark.parametrize(
        ("site", "number", "user", "expected"),
        [
            ("Red Hook", 0, ANA, "approved"),
            ("Red Hook", 0, BEN, "rejected"),  # invited, but not to private charge points
            ("Red Hook", 0, JULES, "rejected"),
            ("Secaucus", 0, CARLA, "approved"),
            ("Secaucus", 0, ANA, "rejected"),
            ("Secaucus", 1, ANA, "rejected"),  # everybody sees it, nobody else may use it
            ("Vénissieux", 0, ANA, "rejected"),
            ("Vénissieux", 1, ANA, "approved"),  # others may use it
        ],
    )
    def test_private_charge_points(self, world, ask, site, number, user, expected):
        private = new_booking(world, evse_at(world, site, number), userId=user.id)
        status, reason = outcome(ask(private))
        assert status == expected
        assert ("no access" in reason) == (expected == "rejected")

    def test_open_invite_gives_no_access(self, world, ask):
        for invite in world.users[ANA.id].invites:
            invite.status = "sent"
        assert outcome(ask(new_booking(world, evse_at(world, "Red Hook"))))[0] == "rejected"

    def test_disabled_driver(self, world, ask, evse):
        disabled = new_booking(world, evse, userId=DISABLED.id)
        assert outcome(ask(disabled)) == ("rejected", "The driver's account is disabled.")

    def test_start_in_the_past(self, world, ask, evse):
        past = new_booking(world, evse, startAt=NOW.isoformat())
        assert outcome(ask(past)) == ("rejected", "The start is in the past.")

    def test_parking_that_nobody_knows_of(self, world, ask, evse):
        parked = new_booking(world, evse, parkingSpaceCriteria={"driveThroughRequired": True})
        assert outcome(ask(parked))[0] == "rejected"

    def test_parking_that_is_known_takes_what_finds_room(self, world, ask):
        bay = evse_at(world, "Milence")
        truck = {"vehicleLengthCm": 1650, "driveThroughRequired": True}
        wide = new_booking(world, bay, evseId=None, parkingSpaceCriteria=truck)
        answer = ask(wide)
        assert outcome(answer)[0] == "approved"
        assert answer.json()["data"]["parkingSpaceCriteria"] == truck
        longer = truck | {"vehicleLengthCm": 2500}
        refused = ask(new_booking(world, bay, evseId=None, parkingSpaceCriteria=longer))
        assert outcome(refused) == ("rejected", NO_ROOM)

    @pytest.mark.parametrize(
        "parking", [{"vehicleLengthCm": "long"}, {"vehicleType": "ship"}, {"vehicleWeightKg": 0}]
    )
    def test_parking_that_makes_no_sense(self, world, ask, evse, parking):
        assert ask(new_booking(world, evse, parkingSpaceCriteria=parking)).status_code == 422


class TestTokens:
    def test_those_asked_for_stand_in_the_booking(self, world, http, ask, evse):
        tag = world.tags_of(ANA.id)[0]
        asked = ask(new_booking(world, evse, authorizedTokenIds=[tag.token_id])).json()["data"]
        assert [token["id"] for token in asked["authorizedTokens"]] == [tag.token_id]
        booking = http.get(f"{API}/bookings/v1.0/{asked['bookingId']}").json()["data"]
        assert booking["authorizedTokens"] == asked["authorizedTokens"]

    def test_unknown_ones_are_refused(self, world, ask, evse):
        assert ask(new_booking(world, evse, authorizedTokenIds=[1])).status_code == 422

    def test_the_operator_may_name_them_itself(self, world, http, ask, evse):
        world.names_tokens = True
        answer = ask(new_booking(world, evse)).json()["data"]
        booking = http.get(f"{API}/bookings/v1.0/{answer['bookingId']}").json()["data"]
        assert booking["authorizedTokens"][0]["id"] == world.tags_of(ANA.id)[0].token_id


class TestAnyCharger:
    def test_takes_the_next_free_one(self, world, ask, evse):
        any_of_them = new_booking(world, evse, evseId=None)
        taken = [
            world.bookings[ask(any_of_them).json()["data"]["bookingId"]].evse_id for _ in range(2)
        ]
        assert taken == [each.id for each in world.evses_at(site_named(world, "Adelaide"))]
        assert outcome(ask(any_of_them)) == (
            "rejected",
            "No charger is free that meets the request.",
        )

    @pytest.mark.parametrize(
        ("criteria", "power"),
        [
            ({"currentType": "ac"}, 22),
            ({"currentType": "dc"}, 120),
            ({"connectorType": "chademo"}, 120),
            ({"minPower": 22}, 120),
            ({"minPower": 22.5}, 120),
            ({"maxPower": 22}, 22),
            ({"currentType": None, "maxPower": None}, 120),
            ({"connectorType": "nacs"}, None),
            ({"currentType": "ac", "minPower": 50}, None),
        ],
    )
    def test_fits_the_criteria(self, world, ask, evse, criteria, power):
        answer = ask(new_booking(world, evse, evseId=None, evseCriteria=criteria))
        booking = world.bookings.get(answer.json()["data"].get("bookingId"))
        assert (world.evses[booking.evse_id].power_kw if booking else None) == power

    def test_criteria_do_not_matter_for_a_certain_evse(self, world, ask, evse):
        answer = ask(new_booking(world, evse, evseCriteria={"connectorType": "nacs"}))
        assert outcome(answer)[0] == "approved"
        assert "evseCriteria" not in answer.json()["data"]

    def test_leaves_private_ones_to_others(self, world, ask):
        private = evse_at(world, "Red Hook")
        answer = ask(new_booking(world, private, evseId=None, userId=BEN.id)).json()["data"]
        taken = world.evses[world.bookings[answer["bookingId"]].evse_id]
        assert world.charge_points[taken.charge_point_id].type == "public"


class TestChange:
    @pytest.fixture
    def booking(self, world, ask, evse):
        return world.bookings[ask(new_booking(world, evse)).json()["data"]["bookingId"]]

    def test_times_and_driver(self, ask, booking):
        answer = ask(
            {
                "type": "update",
                "bookingId": booking.id,
                "userId": BOTH.id,
                "startAt": (SOON - HOUR).isoformat(),
                "endAt": (SOON + 2 * HOUR).isoformat(),
            }
        )
        assert outcome(answer)[0] == "approved"
        assert (booking.user_id, booking.start_at, booking.end_at) == (
            BOTH.id,
            SOON - HOUR,
            SOON + 2 * HOUR,
        )

    def test_answers_leave_out_what_does_not_belong_to_their_kind(self, ask, booking):
        always = {"id", "type", "status", "createdAt", "lastUpdatedAt", "bookingId", "externalId"}
        named = {"bookingId": booking.id, "externalId": "ours"}
        end = (SOON + 2 * HOUR).isoformat()
        longer = ask({"type": "update", "endAt": end, **named}).json()["data"]
        assert longer.keys() == always | {"endAt"}
        over = ask({"type": "cancel", **named}).json()["data"]
        assert over.keys() == always

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"startAt": NOW.isoformat()}, "The start is in the past."),
            ({"endAt": (SOON + 3 * HOUR).isoformat()}, "The charger is taken at this time."),
            ({"userId": DISABLED.id}, "The driver's account is disabled."),
        ],
    )
    def test_rejected_change_leaves_the_booking_alone(
        self, world, ask, booking, evse, change, reason
    ):
        world.add_booking(
            location_id=booking.location_id,
            evse_id=evse.id,
            start_at=SOON + 2 * HOUR,
            end_at=SOON + 3 * HOUR,
        )
        answer = ask({"type": "update", "bookingId": booking.id, **change})
        assert outcome(answer) == ("rejected", reason)
        assert (booking.user_id, booking.start_at, booking.end_at) == (ANA.id, SOON, SOON + HOUR)

    def test_to_a_driver_without_access(self, world, ask):
        private = ask(new_booking(world, evse_at(world, "Red Hook"))).json()["data"]
        answer = ask({"type": "update", "bookingId": private["bookingId"], "userId": BEN.id})
        assert outcome(answer) == ("rejected", "The driver has no access to this charger.")

    def test_of_a_broken_charger(self, world, ask, booking, evse):
        world.set_evse_status(evse.id, "out of order")
        answer = ask({"type": "update", "bookingId": booking.id, "userId": BOTH.id})
        assert outcome(answer)[0] == "rejected"

    def test_cancel_twice(self, ask, booking):
        cancel = {"type": "cancel", "bookingId": booking.id}
        assert outcome(ask(cancel))[0] == "approved"
        assert booking.status == "cancelled"
        assert outcome(ask(cancel)) == ("rejected", "The booking is over or cancelled.")

    def test_cancel_what_has_begun(self, world, ask, booking):
        world.clock.freeze(SOON + timedelta(minutes=5))
        assert outcome(ask({"type": "cancel", "bookingId": booking.id}))[0] == "rejected"

    def test_of_nothing(self, ask):
        assert ask({"type": "cancel", "bookingId": 99}).status_code == 422


def test_asking_twice_is_asking_for_two(world, ask, evse):
    body = new_booking(world, evse, evseId=None)
    ids = [ask(body).json()["data"]["id"] for _ in range(2)]
    assert ids == [1, 2]
    assert [each.external_id for each in world.requests.values()] == ["ours", "ours"]
    assert len(world.bookings) == 2


class TestDelay:
    def test_decides_when_the_delay_is_over(self, world, http, ask, evse):
        world.decision_delay = 4
        asked = ask(new_booking(world, evse)).json()["data"]
        assert (asked["status"], "bookingId" in asked) == ("pending", False)
        world.clock.advance(timedelta(seconds=3))
        assert http.get(f"{REQUESTS}/1").json()["data"]["status"] == "pending"
        world.clock.advance(timedelta(seconds=1))
        decided = http.get(f"{REQUESTS}/1").json()["data"]
        assert decided["status"] == "approved"
        assert decided["lastUpdatedAt"] == "2026-03-02T09:07:34Z"

    def test_decision_is_of_its_moment_even_if_nobody_looks(self, world, http, ask, evse):
        world.decision_delay = 4
        ask(new_booking(world, evse))
        world.clock.freeze(SOON + 2 * HOUR)
        decided = http.get(f"{REQUESTS}/1").json()["data"]
        assert (decided["status"], decided["lastUpdatedAt"]) == (
            "approved",
            "2026-03-02T09:07:34Z",
        )
        assert http.get(f"{BOOKINGS}/1").json()["data"]["status"] == "completed"

    def test_decision_is_not_dated_before_it_was_seen_undecided(self, world, http, ask, evse):
        world.decision_delay = 60
        ask(new_booking(world, evse))
        world.clock.advance(timedelta(seconds=30))
        assert http.get(f"{REQUESTS}/1").json()["data"]["status"] == "pending"
        world.decision_delay = 4
        decided = http.get(f"{REQUESTS}/1").json()["data"]
        assert decided["lastUpdatedAt"] == "2026-03-02T09:08:00Z"

    def test_decides_in_the_order_of_asking(self, world, http, ask, evse):
        world.decision_delay = 4
        for user in (BOTH, ANA):
            ask(new_booking(world, evse, userId=user.id))
        world.clock.advance(HOUR)
        statuses = [each["status"] for each in http.get(REQUESTS).json()["data"]]
        assert statuses == ["approved", "rejected"]

    def test_waits_for_a_person(self, world, http, ask, evse):
        world.manual = True
        ask(new_booking(world, evse))
        world.clock.advance(HOUR)
        assert http.get(f"{REQUESTS}/1").json()["data"]["status"] == "pending"
        world.reject(world.requests[1], "Roadworks.")
        world.approve(world.requests[1])
        assert http.get(f"{REQUESTS}/1").json()["data"]["rejectionReason"] == "Roadworks."
        assert world.bookings == {}


class TestShape:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"type": "make"}, "type"),
            ({"type": ["create"]}, "type"),
            ({"userId": None}, "userId"),
            ({"userId": str(ANA.id)}, "userId"),
            ({"userId": True}, "userId"),
            ({"userId": 1}, "userId"),
            ({"locationId": 1}, "locationId"),
            ({"evseId": 1}, "evseId"),
            ({"evseId": "5001"}, "evseId"),
            ({"startAt": None}, "startAt"),
            ({"startAt": "noon"}, "startAt"),
            ({"startAt": "2026-03-02T12:00:00"}, "startAt"),
            ({"startAt": "9999-12-31T23:59:59-23:59"}, "startAt"),
            ({"endAt": SOON.isoformat()}, "endAt"),
            ({"externalId": "x" * 256}, "externalId"),
            ({"externalId": 5}, "externalId"),
            ({"evseCriteria": "any"}, "evseCriteria"),
            ({"evseCriteria": {"minPower": "many"}}, "evseCriteria.minPower"),
            ({"evseCriteria": {"currentType": "hot"}}, "evseCriteria.currentType"),
            ({"evseCriteria": {"connectorType": ["ccs2"]}}, "evseCriteria.connectorType"),
            ({"parkingSpaceCriteria": 5}, "parkingSpaceCriteria"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, world, ask, evse, change, field):
        answer = ask(new_booking(world, evse, **change))
        assert answer.status_code == 422
        assert field in answer.json()["errors"]
        assert world.requests == {}

    @pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff"])
    def test_body_that_is_no_object(self, http, content):
        assert http.post(REQUESTS, content=content).status_code == 422

    def test_unknown_paths_and_methods(self, http):
        assert http.get("/public-api/resources/wonders/v1.0").status_code == 404
        assert http.delete(REQUESTS).status_code == 405


class TestAvailability:
    def check(self, http, location, start, end):
        return http.post(
            f"/public-api/actions/locations/v2.0/{location}/check-booking-availability",
            json={"startAfter": start.isoformat(), "endBefore": end.isoformat()},
        )

    def slots(self, http, world, start, end) -> dict[int, list[tuple[str, str]]]:
        answer = self.check(http, site_named(world, "Adelaide").id, start, end)
        return {
            each["evseId"]: [
                (s["startAt"][11:16], s["endAt"][11:16]) for s in each["availableSlots"]
            ]
            for each in answer.json()["data"]
        }

    def test_has_gaps_for_bookings(self, world, http, ask, evse):
        ask(new_booking(world, evse))
        ask(
            new_booking(
                world,
                evse,
                startAt=(SOON + 2 * HOUR).isoformat(),
                endAt=(SOON + 3 * HOUR).isoformat(),
            )
        )
        free = self.slots(http, world, SOON - HOUR, SOON + 4 * HOUR)
        assert free[evse.id] == [("11:00", "12:00"), ("13:00", "14:00"), ("15:00", "16:00")]

    def test_is_clipped_to_the_window(self, world, http, ask, evse):
        ask(new_booking(world, evse))
        half = timedelta(minutes=30)
        assert self.slots(http, world, SOON + half, SOON + 2 * HOUR)[evse.id] == [
            ("13:00", "14:00")
        ]
        assert self.slots(http, world, SOON, SOON + HOUR)[evse.id] == []

    def test_begins_now(self, world, http, evse):
        free = self.slots(http, world, NOW - 3 * HOUR, SOON)
        assert free[evse.id] == [("09:07", "12:00")]
        assert self.slots(http, world, NOW - 3 * HOUR, NOW - HOUR)[evse.id] == []

    def test_leaves_out_what_cannot_be_booked(self, world, http, evse):
        world.set_evse_status(evse.id, "out of order")
        assert evse.id not in self.slots(http, world, NOW, SOON)

    def test_session_keeps_its_charger_until_it_stops(self, world, http, ask, evse):
        ask(new_booking(world, evse))
        world.clock.freeze(SOON + timedelta(minutes=10))
        assert self.slots(http, world, SOON, SOON + 2 * HOUR)[evse.id] == [("12:55", "14:00")]
        assert (
            outcome(ask(new_booking(world, evse, startAt=(SOON + HOUR / 2).isoformat())))[0]
            == "rejected"
        )

    @pytest.mark.parametrize(
        ("length", "status"),
        [
            (timedelta(days=7), 200),
            (timedelta(days=7, seconds=1), 422),
            (timedelta(0), 422),
            (-HOUR, 422),
        ],
    )
    def test_window_is_a_week_at_most(self, world, http, length, status):
        location = site_named(world, "Adelaide").id
        assert self.check(http, location, NOW, NOW + length).status_code == status

    def test_of_nowhere(self, http):
        assert self.check(http, 99, NOW, SOON).status_code == 404


def test_default_world_is_partly_booked():
    from sandbox.world.build import build_world

    world = build_world(now=NOW)
    week = [
        (evse, world.free_slots(evse, NOW, NOW + timedelta(days=7)))
        for evse in world.evses.values()
        if world.is_bookable(evse)
    ]
    free = sum((end - start).total_seconds() for _, slots in week for start, end in slots)
    share = free / (len(week) * timedelta(days=7).total_seconds())
    assert 0.6 < share < 0.95
    assert HUDSON in world.partners


class TestWhatItLeavesOut:
    """Operators differ in what they tell."""

    @pytest.fixture
    def approved(self, world, ask, evse, http):
        world.rounds_to_minutes = True
        ask(new_booking(world, evse))
        world.clock.advance(HOUR / 60)

        def read(**filters):
            params = {f"filter[{name}]": value for name, value in filters.items()}
            return http.get(REQUESTS, params=params).json()["data"]

        return read

    def test_the_external_id(self, world, approved):
        assert approved(externalId="ours")[0]["externalId"] == "ours"
        world.drops_external_id = True
        assert "externalId" not in approved()[0]
        assert approved(externalId="ours") == []

    def test_the_booking_that_an_approved_create_made(self, world, approved):
        assert approved()[0]["bookingId"] == 1
        world.leaves_out_booking_id = True
        assert approved()[0]["status"] == "approved"
        assert "bookingId" not in approved()[0]

    def test_seconds(self, approved, http):
        assert approved()[0]["createdAt"].endswith(":00Z")
        assert http.get(BOOKINGS).json()["data"][0]["createdAt"].endswith(":00Z")

    def test_its_time_stands_in_each_answer(self, world, http):
        answer = http.get(REQUESTS)
        assert parsedate_to_datetime(answer.headers["Date"]) == world.clock.now()
