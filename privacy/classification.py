"""What each column of the database says about people.

A test holds this against the models, so that a new column without an entry fails. Export, erasure
and retention are held against it too: what is PERSONAL or a TEXT of a driver must come out of the
first and must not outlive the others.
"""

from enum import Enum


class Kind(Enum):
    """What a column says about people."""

    # Nothing about anybody, or only what places, times and states are.
    PLAIN = "plain"
    # Who somebody is, or how to reach them: names, addresses, language.
    PERSONAL = "personal"
    # Which person a row belongs to, by a key: says nothing once that person's own row does not.
    WHOSE = "whose"
    # Which person or booking this is at the operator. Only the operator can tell who that is.
    OPERATORS_KEY = "operators-key"
    # What people write: may say anything.
    TEXT = "text"
    # What opens something for whoever knows it: never exported, never in the audit trail.
    SECRET = "secret"  # noqa: S105 - not one itself


PLAIN, PERSONAL, WHOSE = Kind.PLAIN, Kind.PERSONAL, Kind.WHOSE
OPERATORS_KEY, TEXT, SECRET = Kind.OPERATORS_KEY, Kind.TEXT, Kind.SECRET

# By model: the columns that are not PLAIN, and then the names of those that are.
SPECIAL: dict[str, dict[str, Kind]] = {
    "accounts.User": {
        "password": SECRET,
        "factor_link": SECRET,
        "email": PERSONAL,
        "name": PERSONAL,
        "language": PERSONAL,
        "last_login": PERSONAL,
        "date_joined": PERSONAL,
    },
    "accounts.User_groups": {"user": WHOSE},
    "accounts.User_user_permissions": {"user": WHOSE},
    "account.EmailAddress": {"user": WHOSE, "email": PERSONAL},
    "account.EmailConfirmation": {"email_address": WHOSE, "key": SECRET},
    "admin.LogEntry": {"user": WHOSE, "object_repr": PERSONAL, "change_message": TEXT},
    "auth.Group": {},
    "auth.Group_permissions": {},
    "auth.Permission": {},
    "contenttypes.ContentType": {},
    "mfa.Authenticator": {"user": WHOSE, "data": SECRET, "last_used_at": PERSONAL},
    "sessions.Session": {"session_key": SECRET, "session_data": SECRET},
    "usersessions.UserSession": {
        "user": WHOSE,
        "ip": PERSONAL,
        "user_agent": PERSONAL,
        "last_seen_at": PERSONAL,
        "session_key": SECRET,
        "data": PERSONAL,
    },
    "telemetry.Sweep": {},
    "mirror.SyncRun": {},
    "drivers.Fleet": {},
    "drivers.FleetMembership": {"user": WHOSE},
    "drivers.Driver": {
        "ampeco_user_id": OPERATORS_KEY,
        "email": PERSONAL,
        "first_name": PERSONAL,
        "last_name": PERSONAL,
        "locale": PERSONAL,
        "search_text": PERSONAL,
    },
    "drivers.FleetDriver": {"driver": WHOSE},
    "drivers.PrivateAccess": {"driver": WHOSE},
    "charging_sites.Location": {},
    "charging_sites.ChargePoint": {},
    "charging_sites.Evse": {},
    "charging_sites.Connector": {},
    "charging_sites.FavouriteSite": {"user": WHOSE},
    "bookings.Booking": {
        "driver": WHOSE,
        "created_by": WHOSE,
        "reference": TEXT,
        "reference_key": TEXT,
        "slot_key": WHOSE,
        "ampeco_booking_id": OPERATORS_KEY,
        "authorized_tokens": PERSONAL,
    },
    "bookings.BookingRequest": {
        "driver": WHOSE,
        "previous_driver": WHOSE,
        "created_by": WHOSE,
        "ampeco_request_id": OPERATORS_KEY,
        "rejection_reason": TEXT,
    },
    "bookings.BookingRequestEvent": {"user": WHOSE, "note": TEXT},
    "bookings.BookingEvent": {"user": WHOSE, "driver": WHOSE, "changes": WHOSE, "note": TEXT},
    "bookings.ChargerReport": {"driver": WHOSE, "message": TEXT},
    "limits.Limit": {"created_by": WHOSE, "note": TEXT},
    "limits.Limit_evses": {},
    "vehicles.Vehicle": {
        "plate": PERSONAL,
        "usual_driver": WHOSE,
        "created_by": WHOSE,
        "search_text": PERSONAL,
    },
    "drivers.IdTag": {
        "driver": WHOSE,
        "label": TEXT,
        "last_digits": PERSONAL,
        "uid_key": OPERATORS_KEY,
        "uid_short_key": OPERATORS_KEY,
    },
    "vehicles.BayMemory": {"last_reason": TEXT},
    "batches.Batch": {"created_by": WHOSE, "name": TEXT},
    "batches.BatchRow": {"driver": WHOSE, "reference": TEXT, "given": TEXT, "problem": TEXT},
    "series.Series": {
        "driver": WHOSE,
        "created_by": WHOSE,
        "name": TEXT,
        "reference": TEXT,
        "problem": TEXT,
    },
    "series.SeriesDate": {"problem": TEXT},
    "waiting.Wish": {"driver": WHOSE, "created_by": WHOSE, "reference": TEXT},
    "waiting.WishPlace": {},
    "waiting.SiteWatch": {},
    "waiting.Offer": {},
    "waiting.WishEvent": {"user": WHOSE, "note": TEXT},
    "notifications.Notification": {
        "recipient_driver": WHOSE,
        "recipient_user": WHOSE,
        "recipient_email": PERSONAL,
        "subject": TEXT,
    },
    "bookings.ChargingSession": {"ampeco_session_id": OPERATORS_KEY},
    "calendars.CalendarFeed": {
        "driver": WHOSE,
        "created_by": WHOSE,
        "secret": SECRET,
        "sealed": SECRET,
    },
    "notifications.NotificationPreference": {},
    "team.Invitation": {
        "email": PERSONAL,
        "name": PERSONAL,
        "language": PERSONAL,
        "invited_by": WHOSE,
        "accepted_by": WHOSE,
    },
    "privacy.AuditEntry": {"user": WHOSE, "address": PERSONAL},
    "privacy.ClearedBookings": {},
    "privacy.ClearedCharges": {},
    # Of Ampcontrol: vehicles, places and times; of cards a key and the end of the number.
    "energy.Network": {},
    "energy.RemoteChargePoint": {},
    "energy.RemoteConnector": {},
    "energy.RemoteVehicle": {"name": TEXT, "plate": PERSONAL},
    "energy.RemoteTag": {"key": OPERATORS_KEY, "last_digits": PERSONAL},
    "energy.RemoteRoute": {},
    "maintenance.Health": {},
    "maintenance.StatusEntry": {},
    "maintenance.Occupancy": {"ampeco_session_id": OPERATORS_KEY},
    "maintenance.VendorErrorCode": {},
    "maintenance.Firmware": {},
    "charging.CostCentre": {},
    "charging.Budget": {},
    "charging.BudgetWarning": {},
    "charging.Assignment": {"user": WHOSE, "changes": TEXT},
    "charging.Session": {
        "ampeco_id": OPERATORS_KEY,
        "continues": OPERATORS_KEY,
        "driver": WHOSE,
        "reference": TEXT,
        "id_tag_end": PERSONAL,
    },
    "charging.Transaction": {"ampeco_id": OPERATORS_KEY},
    "charging.MonthChange": {},
    # By the key of a driver.
    "reports.MonthTotal": {"subject": WHOSE},
    "reports.BookingTotal": {"subject": WHOSE},
    "reports.PromiseTotal": {"subject": WHOSE},
    "reports.MonthMade": {},
    "reports.MailRecipient": {
        "user": WHOSE,
        "email": PERSONAL,
        "language": PERSONAL,
        "secret": SECRET,
        "created_by": WHOSE,
        "ended_by": WHOSE,
    },
    "energy.Session": {"tag_key": OPERATORS_KEY},
    "energy.Alert": {"description": TEXT},
    "energy.Line": {"confirmed_by": WHOSE},
    "energy.Link": {"decided_by": WHOSE, "tag": WHOSE},
    "energy.PastLink": {},
    "energy.LinePoint": {},
    "energy.Reading": {},
    "energy.VehicleNow": {},
    "energy.VehicleState": {},
    "energy.Departure": {"created_by": WHOSE, "changed_by": WHOSE},
    "energy.WeeklyDeparture": {"changed_by": WHOSE},
    "energy.PassedOn": {},
    "energy.Telling": {"created_by": WHOSE},
}
REMOTE = "id remote_id remote_updated_at read_at retired_at"
NOT_PERSONAL: dict[str, str] = {
    "accounts.User": "id is_superuser is_staff is_active",
    "accounts.User_groups": "id group",
    "accounts.User_user_permissions": "id permission",
    "account.EmailAddress": "id verified primary",
    "account.EmailConfirmation": "id created sent",
    "admin.LogEntry": "id action_time content_type object_id action_flag",
    "auth.Group": "id name",
    "auth.Group_permissions": "id group permission",
    "auth.Permission": "id name content_type codename",
    "contenttypes.ContentType": "id app_label model",
    "mfa.Authenticator": "id type created_at",
    "sessions.Session": "expire_date",
    "usersessions.UserSession": "id created_at",
    "telemetry.Sweep": "name awaited_since succeeded_at took_seconds failed_at",
    "mirror.SyncRun": "id kind state started_at alive_at finished_at updated_after phase "
    "resume_from counts calls problem ampeco_partner_id",
    "drivers.Fleet": "id name ampeco_partner_id is_active reminder_minutes "
    "drivers_may_change_end drivers_may_move created_at",
    "drivers.FleetMembership": "id fleet role is_admin created_at",
    "drivers.Driver": "id status synced_at tags_read_at",
    "drivers.IdTag": "id ampeco_id type status expires_at",
    "drivers.FleetDriver": "id fleet added_at left_at",
    "drivers.PrivateAccess": "id ampeco_partner_id",
    "team.Invitation": "id uid fleet role state created_at sent_at mails expires_at settled_at",
    "charging_sites.Location": "id ampeco_id ampeco_updated_at synced_at seen_in_run retired_at "
    "name description address street_address city region post_code country latitude longitude "
    "timezone parking_type access_methods facilities how_to_get_in always_open opening_hours "
    "status is_roaming search_text",
    "charging_sites.ChargePoint": "id ampeco_id ampeco_updated_at synced_at seen_in_run "
    "retired_at location name type status network_status hardware_status ampeco_partner_id "
    "partner_access_type ocpp_id serial_number ampeco_electricity_rate_id",
    "charging_sites.Evse": "id ampeco_id ampeco_updated_at synced_at seen_in_run retired_at "
    "charge_point physical_reference label network_id current_type status hardware_status "
    "booking_enabled max_power_kw ampeco_tariff_group_id",
    "charging_sites.Connector": "id evse ampeco_id type format status",
    "charging_sites.ParkingSpace": "id ampeco_id ampeco_updated_at synced_at seen_in_run "
    "retired_at location label status is_accessible",
    "charging_sites.ParkingSpace_evses": "id parkingspace evse",
    "charging_sites.ParkingLimits": "id space max_weight_kg max_height_cm max_length_cm "
    "max_width_cm vehicle_types drive_through refrigeration_outlet dangerous_goods",
    "charging_sites.FavouriteSite": "id location created_at",
    "bookings.Booking": "id uid fleet location evse vehicle start_at end_at status open_change "
    "needs_attention made_elsewhere replaces ampeco_updated_at refresh_at reminder_at version "
    "changed_at calendar_uid link_generation access_methods created_at",
    "bookings.BookingRequest": "id booking kind status external_id submission_key location evse "
    "wanted_current_type wanted_connector_type wanted_min_power_kw wanted_max_power_kw "
    "wanted_parking start_at end_at price_shown "
    "previous_start_at previous_end_at send_started_at may_be_doubled sent_at settled_at failure "
    "trouble attempts next_attempt_at lease_until lease_owner asked_by batch created_at",
    "bookings.ChargerReport": "id booking event evse what at",
    "limits.Limit": "id fleet by_fleet kind most weekdays begins ends start_at end_at location "
    "created_at",
    "limits.Limit_evses": "id limit evse",
    "vehicles.Vehicle": "id fleet number vin make model ampeco_type battery_kwh ac_kw dc_kw plugs "
    "kwh_per_km reserve_percent weight_kg height_cm length_cm width_cm needs_drive_through "
    "needs_refrigeration carries_dangerous_goods home_site cost_centre retired_at version "
    "number_key created_at",
    "vehicles.BayMemory": "id fleet location needs needs_key approved refused refused_at "
    "changed_at",
    "batches.Batch": "id fleet source state version file_digest created_at changed_at sent_at",
    "batches.BatchRow": "id batch position state vehicle location evse start_at end_at "
    "submission_key booking",
    "series.Series": "id fleet weekdays start_time end_time first_day last_day without_holidays "
    "excluded_days vehicle location evse asks_again may_overlap state version submission_key "
    "created_at changed_at look_at lease_owner lease_until",
    "series.SeriesDate": "id series day state booking to_adjust tries submission_key",
    "bookings.BookingRequestEvent": "id request at from_status to_status actor",
    "bookings.BookingEvent": "id booking at what actor",
    "waiting.Wish": "id fleet vehicle location radius_km evse wanted_current_type "
    "wanted_connector_type wanted_min_power_kw window_start window_end minutes earliest_clock "
    "latest_clock by_itself state version turn_at submission_key key booking created_at",
    "waiting.WishPlace": "id wish location km",
    "waiting.SiteWatch": "id location look_at looked_at lease_until lease_owner",
    "waiting.Offer": "id uid wish location evse start_at end_at found_at expires_at state booking",
    "waiting.WishEvent": "id wish at what offer",
    "notifications.Notification": "id booking request event wish_event fleet month "
    "budget_warning kind audience message_id state attempts doubts next_attempt_at lease_until "
    "lease_owner problem created_at sent_at",
    "bookings.ChargingSession": "id booking status started_at stopped_at energy_kwh amount "
    "currency read_at refresh_at",
    "calendars.CalendarFeed": "id fleet location created_at last_read_at revoked_at",
    "notifications.NotificationPreference": "id fleet kind managers driver",
    "privacy.AuditEntry": "id at actor action name object_type object_id changes counts request_id",
    "privacy.ClearedBookings": "id fleet ended_before",
    "privacy.ClearedCharges": "id fleet began_before",
    "energy.Network": f"{REMOTE} name objective time_zone max_capacity_kw buffer baseload_active "
    "solar_active currency default_energy_price current_load_kw uptime uptime_read_at latitude "
    "longitude",
    "energy.RemoteChargePoint": f"{REMOTE} network ocpp_id name serial_number max_capacity_kw "
    "ocpp_status online_status online_status_at latitude longitude",
    "energy.RemoteConnector": f"{REMOTE} charge_point number current_type plug max_capacity_kw "
    "ocpp_status ocpp_status_at priority current_load_kw",
    "energy.RemoteVehicle": f"{REMOTE} vin customer_number group make model battery_kwh "
    "max_power_kw state_of_charge target_percent departs_at inside_network_id",
    "energy.RemoteTag": f"{REMOTE} group vehicle_remote_id",
    "energy.RemoteRoute": f"{REMOTE} external_id vehicle_remote_id vehicle_group starts_at ends_at "
    "distance_km energy_kwh target_percent",
    "maintenance.Health": "id charge_point vendor model ampeco_model_id firmware_version read_at "
    "refresh_at wanted_until problem lease_until lease_owner",
    "maintenance.StatusEntry": "id charge_point evse at status error_code vendor_id "
    "vendor_error_code description customer_action",
    "maintenance.Occupancy": "id evse started_at stopped_at energy_kwh",
    "maintenance.VendorErrorCode": "id vendor_id code description customer_action",
    "maintenance.Firmware": "id ampeco_model_id version created_at",
    "charging.CostCentre": "id fleet code name retired_at created_at",
    "charging.Budget": "id fleet cost_centre amount currency warn_percent",
    "charging.BudgetWarning": "id budget month level spent amount currency at",
    "charging.Assignment": "id session at",
    "charging.Session": "id fleet evse location vehicle booking cost_centre assigned_by_hand "
    "status stop_reason started_at stopped_at local_day energy_kwh peak_kw amount "
    "amount_without_tax tax_percent currency price_breakdown billing_status payment "
    "ampeco_tariff_snapshot_id ampeco_receipt_id ampeco_updated_at synced_at",
    "charging.Transaction": "id session number status made_at finalized_at amount currency "
    "invoice_number ampeco_receipt_id ampeco_updated_at",
    "charging.MonthChange": "id fleet month version",
    "reports.MonthTotal": "id fleet month dimension currency sessions priced seconds energy_kwh "
    "priced_kwh amount amount_without_tax paid",
    "reports.BookingTotal": "id fleet month dimension bookings took_place no_shows cancelled "
    "not_booked decided refused decision_seconds longest_seconds within_minutes within_hour "
    "within_day",
    "reports.PromiseTotal": "id fleet month dimension departures known ready charges wanted_kwh "
    "delivered_kwh",
    "reports.MonthMade": "id fleet month what made_at",
    "reports.MailRecipient": "id fleet created_at ended_at",
    "energy.Session": f"{REMOTE} network connector_remote_id charge_point_remote_id "
    "vehicle_remote_id started_at ended_at active priority energy_kwh energy_wanted_kwh power_kw "
    "plan expected_end_at",
    "energy.Alert": f"{REMOTE} network charge_point_remote_id connector_remote_id "
    "vehicle_remote_id name category urgency status raised_at",
    "energy.Line": "id kind network location currency evidence read_at confirmed_at refused_at",
    "energy.LinePoint": "id line at value",
    "energy.Link": "id kind remote_id location charge_point evse vehicle state evidence decided_at "
    "created_at doubt fleet counts_from",
    "energy.PastLink": "id remote_id vehicle fleet counts_from ended_at",
    "energy.Reading": "id kind scope read_at full_at due_at problem",
    "energy.VehicleNow": "id vehicle state_of_charge state_of_charge_at state_of_charge_source "
    "plugged_in plugged_in_at charging_kw odometer_km network network_at told_at read_at",
    "energy.VehicleState": "id vehicle at state_of_charge plugged_in charging_kw odometer_km "
    "source",
    "energy.Departure": "id vehicle leaves_at returns_at target_percent distance_km energy_kwh "
    "source weekly_day by_hand route_remote_id route_external_id sent sent_at problem lease_owner "
    "lease_until attempts next_attempt_at closed_at cancelled_at version created_at changed_at "
    "changed_from",
    "energy.WeeklyDeparture": "id vehicle weekday leaves_at target_percent is_off changed_at",
    "energy.PassedOn": "id remote_id vehicle departure held held_at sending before problem "
    "anothers_at replaces_at lease_owner lease_until attempts next_attempt_at",
    "energy.Telling": "id key kind state vehicle remote_id facts created_at settled_at lease_owner "
    "lease_until attempts next_attempt_at",
}


def columns_of(model: str) -> dict[str, Kind]:
    return dict.fromkeys(NOT_PERSONAL.get(model, "").split(), PLAIN) | SPECIAL.get(model, {})


def may_be_told(model: str, column: str) -> bool:
    return columns_of(model).get(column) in {PLAIN, WHOSE}
