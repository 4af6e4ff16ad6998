"""What a trip needs and what a charger gives, against figures worked out by hand."""

import pytest

from energy.need import Assumed, Battery, Charger, Trip, needed, power_into, reached

VAN = Battery(kwh=75, kwh_per_km=0.25, reserve_percent=15, ac_kw=11, dc_kw=100)
AC, DC = Charger(kw=22, current="AC"), Charger(kw=150, current="DC")


class TestNeeded:
    def test_is_the_trip_and_the_reserve(self):
        # 120 km × 0.25 kWh = 30 kWh, that is 40 % of 75 kWh, and 15 % are to be left.
        assert needed(VAN, Trip(distance_km=120)).percent == pytest.approx(55)

    def test_is_the_target_where_that_is_more(self):
        assert needed(VAN, Trip(target_percent=80, distance_km=120)).percent == 80

    def test_is_the_trip_where_the_target_is_less(self):
        assert needed(VAN, Trip(target_percent=40, distance_km=120)).percent == pytest.approx(55)

    def test_takes_the_more_of_distance_and_energy(self):
        trip = Trip(distance_km=120, energy_kwh=45)
        assert needed(VAN, trip).percent == pytest.approx(75)

    def test_may_be_more_than_a_full_battery(self):
        assert needed(VAN, Trip(distance_km=300)).percent == pytest.approx(115)

    def test_names_a_reserve_that_nobody_told(self):
        figure = needed(Battery(kwh=75, kwh_per_km=0.25), Trip(distance_km=120))
        assert figure.percent == pytest.approx(50)
        assert figure.assumed == (Assumed.RESERVE,)

    def test_rests_on_no_reserve_where_the_target_decides(self):
        battery = Battery(kwh=75, kwh_per_km=0.25)
        assert needed(battery, Trip(target_percent=80, distance_km=120)).assumed == ()

    @pytest.mark.parametrize(
        ("battery", "trip"),
        [
            (Battery(kwh=75), Trip(distance_km=120)),
            (Battery(kwh=None, kwh_per_km=0.25), Trip(distance_km=120)),
            (VAN, Trip()),
        ],
        ids=["no consumption", "no battery", "nothing asked"],
    )
    def test_is_not_known(self, battery, trip):
        assert needed(battery, trip) is None


class TestPower:
    def test_of_ac_is_what_the_vehicle_takes(self):
        # 11 kW × 0.95 × 0.88, where the charger would give 22.
        assert power_into(VAN, AC, at_percent=30) == pytest.approx(9.196)

    def test_of_dc_is_what_the_vehicle_takes(self):
        # 100 kW × 0.95 × 0.95, where the charger would give 150.
        assert power_into(VAN, DC, at_percent=30) == pytest.approx(90.25)

    @pytest.mark.parametrize(
        ("at", "kw"), [(5, 50.0), (50, 75.0), (79.9, 75.0), (80, 35.0), (90, 20.0), (100, 20.0)]
    )
    def test_of_dc_follows_the_curve(self, at, kw):
        assert power_into(VAN, DC, at_percent=at) == pytest.approx(kw)

    def test_of_a_vehicle_of_which_none_is_known_is_the_chargers(self):
        assert power_into(Battery(kwh=75), AC, at_percent=95) == pytest.approx(22 * 0.95 * 0.88)


class TestReached:
    def test_by_ac(self):
        # 6 h × 9.196 kW = 55.18 kWh, that is 73.57 %.
        assert reached(VAN, AC, start=20, hours=6).percent == pytest.approx(93.57, abs=0.01)

    def test_by_dc_through_the_curve(self):
        # 20–50 % are 22.5 kWh at 90.25 kW: 0.2493 h. 50–80 % are 22.5 kWh at 75 kW: 0.3 h.
        # Of an hour 0.4507 h are left at 35 kW: 7.5 kWh to 90 % take 0.2143 h. 0.2364 h at 20 kW
        # are 4.73 kWh, 6.30 %.
        assert reached(VAN, DC, start=20, hours=1).percent == pytest.approx(96.30, abs=0.01)

    def test_is_never_more_than_full(self):
        assert reached(VAN, DC, start=20, hours=100).percent == 100

    def test_names_a_start_that_nobody_told(self):
        figure = reached(VAN, AC, start=None, hours=0)
        assert (figure.percent, figure.assumed) == (20, (Assumed.START,))

    def test_names_powers_that_nobody_told(self):
        figure = reached(Battery(kwh=75), Charger(kw=None, current="AC"), start=20, hours=1)
        assert figure.assumed == (Assumed.VEHICLE_POWER, Assumed.CHARGER_POWER)

    def test_gains_nothing_by_a_current_that_the_vehicle_does_not_take(self):
        assert reached(Battery(kwh=75, ac_kw=0, dc_kw=100), AC, start=20, hours=6).percent == 20

    @pytest.mark.parametrize("charger", [AC, DC])
    def test_more_time_never_gives_less(self, charger):
        hours = [number / 7 for number in range(80)]
        found = [reached(VAN, charger, start=5, hours=each).percent for each in hours]
        assert found == sorted(found)
