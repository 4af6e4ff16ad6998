"""That the measuring of exports finds what it measures; no test is about time."""

import pytest

from bookings import selectors
from tests.factories import DriverFactory, EvseFactory
from tools.benchmarks import exporting
from tools.benchmarks.data import make_bookings
from tools.benchmarks.pages import browser_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_export_is_measured_to_its_last_line(fleet, manager, monkeypatch):
    monkeypatch.setattr(selectors, "BATCH_SIZE", 10)
    DriverFactory(fleet=fleet)
    EvseFactory()
    make_bookings(fleet=fleet, count=300, upcoming=30)
    first, whole, memory = exporting.measure(browser_of(manager), bookings=300)
    assert "first lines" in first.what
    assert whole.within is None
    assert "MB" in memory.measured
    with pytest.raises(RuntimeError):
        exporting.measure(browser_of(manager), bookings=301)
