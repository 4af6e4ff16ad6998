"""E-mail addresses: the form by which they are compared, and how else the same one is written."""

from collections.abc import Callable
from unicodedata import normalize

ACE = "xn--"


def email_key(address: str) -> str:
    """Return an address in lower case, its domain in letters: `xn--mller-kva.de` is `müller.de`."""
    return _with_domain(address, _in_letters)


def email_spellings(address: str) -> list[str]:
    """Return the spellings under which an address may be known, first as it was typed.

    Then in lower case, with the domain in letters and in ASCII.
    """
    key = email_key(address)
    ascii_only = _with_domain(key, _in_ascii)
    return list(dict.fromkeys([address.strip(), key, ascii_only, address.strip().lower()]))


def _with_domain(address: str, write: Callable[[str], str]) -> str:
    local, at, domain = normalize("NFC", address.strip()).lower().rpartition("@")
    return f"{local}{at}{'.'.join(write(label) for label in domain.split('.'))}"


def _in_letters(label: str) -> str:
    if not label.startswith(ACE):
        return label
    try:
        return label[len(ACE) :].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def _in_ascii(label: str) -> str:
    # Not the codec “idna”, for which ß is ss: that is another domain by now.
    return label if label.isascii() else ACE + label.encode("punycode").decode("ascii")
