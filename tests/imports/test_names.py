"""Names of columns and of things: none means two."""

from collections import Counter

import pytest

from imports import booking_columns, vehicle_columns


@pytest.mark.parametrize("columns", [booking_columns.COLUMNS, vehicle_columns.COLUMNS])
def test_no_name_means_two_columns(columns):
    names = Counter(name for column in columns for name in column.names())
    assert [name for name, number in names.items() if number > 1] == []
