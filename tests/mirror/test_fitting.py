"""What a platform gives fits into the columns, whatever it is."""

from decimal import Decimal

import pytest

from mirror.fitting import fit
from sites.models import Evse


@pytest.mark.parametrize(
    ("power", "kept"),
    [
        (Decimal("22.456"), Decimal("22.46")),
        (Decimal(10) ** 9, None),
        (Decimal("NaN"), None),
        (None, None),
    ],
)
def test_a_number_is_rounded_or_unknown(power, kept):
    assert fit(Evse(max_power_kw=power)).max_power_kw == kept


def test_a_text_is_cut():
    longest = Evse._meta.get_field("label").max_length
    assert fit(Evse(label="x" * 1000)).label == "x" * longest
