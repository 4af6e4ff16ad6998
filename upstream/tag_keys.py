"""Keys by which the id tags of two platforms are compared, so that no number need be kept."""

import re

from django.utils.crypto import salted_hmac

from upstream.readers import plain_text

LAST_DIGITS = 4
# Other platforms keep no more of a number.
SHORT = 20


def tag_key(number: str) -> str:
    """Return the key of a tag's number, however that is spelled; "" for none."""
    plain = _plain(number)
    return salted_hmac("id-tag", plain, algorithm="sha256").hexdigest() if plain else ""


def short_tag_key(number: str) -> str:
    """Return the key of the beginning of a number that is longer than others keep it, else ""."""
    plain = _plain(number)
    return tag_key(plain[:SHORT]) if len(plain) > SHORT else ""


def last_digits(number: object) -> str:
    """Return the end of a tag's number, as much as tells it from another; the rest is a secret.

    One so short that its end would be most of it gives nothing.
    """
    text = plain_text(number)
    return text[-LAST_DIGITS:] if len(text) >= 2 * LAST_DIGITS else ""


def _plain(number: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", number.upper())
