"""Vehicle identification numbers (ISO 3779)."""

import re

LENGTH = 17
# Neither I, O nor Q, which look like digits.
SHAPE = re.compile(r"[A-HJ-NPR-Z0-9]{1,17}", re.ASCII)
SIGNS = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
VALUES = dict(zip(SIGNS, map(int, "012345678912345678123457923456789"), strict=True))
WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
CHECK_DIGIT = 8


def is_odd(vin: str) -> bool:
    """Return whether a number's length or its check digit (the ninth) is not as it should be.

    Only North American and Chinese makers must have one: this is a hint, never a refusal.
    """
    if len(vin) != LENGTH or not SHAPE.fullmatch(vin):
        return True
    rest = sum(VALUES[sign] * weight for sign, weight in zip(vin, WEIGHTS, strict=True)) % 11
    return vin[CHECK_DIGIT] != ("X" if rest == 10 else str(rest))
