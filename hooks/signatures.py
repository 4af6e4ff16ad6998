"""Whether a notification comes from who it says it does."""

import base64
import hmac
import secrets
from hashlib import sha256

# Compared with where there is no key, so that who guesses learns nothing from the time it takes.
_NOBODYS = secrets.token_bytes(32)


def is_signed(body: bytes, signature: str, *, key: str) -> bool:
    """Return whether a signature is the hexadecimal HMAC-SHA256 of the body, as Ampcontrol's are.

    Without a key nothing is.
    """
    wanted = _digest(body, key).hex()
    return _is_same(wanted, signature.strip().lower()) and bool(key)


def is_signed_somehow(body: bytes, signature: str, *, key: str) -> bool:
    """Return whether a signature is the HMAC-SHA256 of the body, in hexadecimal or base64.

    AMPECO documents the one but not how it is written.
    """
    in_base64 = base64.b64encode(_digest(body, key)).decode()
    return is_signed(body, signature, key=key) or (
        _is_same(in_base64, signature.strip()) and bool(key)
    )


def _digest(body: bytes, key: str) -> bytes:
    return hmac.new(key.encode() if key else _NOBODYS, body, sha256).digest()


def _is_same(wanted: str, given: str) -> bool:
    return hmac.compare_digest(wanted.encode(), given.encode(errors="replace"))
