"""What nobody means to send: values, bodies, headers and cookies to break a page with."""

from functools import cache
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from hypothesis import strategies as st

BOUNDARY = "fuzz"
VALUES = [
    "",
    " ",
    "0",
    "-1",
    "00",
    "1.5",
    "1e400",
    "NaN",
    "-Infinity",
    "0E+999999",
    "9" * 5000,
    str(2**31),
    str(2**63),
    str(-(2**63) - 1),
    str(10**30),
    "\x00",
    "a\x00b",
    "\ud800",
    "\ufffd\u202e\u2066",
    "٣",
    "²",
    "1 2",
    "1_000",
    "x" * 20_000,
    "💥" * 300,
    "None",
    "null",
    "true",
    "[]",
    '{"a": [1]}',
    "' OR 1=1 --",
    "%s%n%(x)s{0}{{ x }}",
    "../../etc/passwd",
    "//elsewhere.example/",
    "javascript:alert(1)",
    "\r\nSet-Cookie: a=b",
    "a@b",
    "a@" + "b" * 300 + ".example",
    "0001-01-01",
    "0001-01-01T00:00",
    "9999-12-31",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "2026-02-30",
    "2027-03-14",
    "2027-03-14T02:30",
    "2026-11-01T01:30",
    "2026-11-01T12:00:00Z",
    "24:00",
    "02:30",
    "23:59:60",
    "-00:00",
    "00000000-0000-0000-0000-000000000000",
]
# Percent signs that are none, bytes that are no UTF-8, ends without a beginning.
RAW_QUERIES = [
    "%",
    "%00",
    "%ff%fe",
    "%c3%28=%a0%a1",
    "=&=&&=",
    "a[]=1&a[0][b]=2",
    "q=%ED%A0%80",
    "page=%F4%90%80%80",
    ";" * 500,
    "&".join(f"n{i}=1" for i in range(1200)),
]
RAW_BODIES = [
    ("application/x-www-form-urlencoded", b"\xff\xfe=\x00&%"),
    ("application/x-www-form-urlencoded", b"&".join(b"n%d=1" % i for i in range(1200))),
    ("application/x-www-form-urlencoded; charset=utf-7", b"driver=+AD0"),
    ("application/x-www-form-urlencoded; charset=no-such", b"driver=1"),
    ("application/json", b'{"driver": '),
    ("application/json", b'{"driver": [1e999, null, "\\ud800"]}'),
    ("multipart/form-data", b"no boundary"),
    ("multipart/form-data; boundary=", b"--\r\n"),
    ("multipart/form-data; boundary=\xe9", b"--\xe9\r\n"),
    (f"multipart/form-data; boundary={BOUNDARY}", b""),
    (f"multipart/form-data; boundary={BOUNDARY}", b"--fuzz\r\nContent-Disposition: form-da"),
    (
        f"multipart/form-data; boundary={BOUNDARY}",
        b'--fuzz\r\nContent-Disposition: form-data; name="driver"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!\r\n--fuzz--\r\n",
    ),
    (
        f"multipart/form-data; boundary={BOUNDARY}",
        b'--fuzz\r\nContent-Disposition: form-data; name="reference"; filename="../a\x00.exe"\r\n'
        b"Content-Type: text/\xff\r\n\r\n\x00\xff\r\n--fuzz--\r\n",
    ),
    ("", b"\x00"),
    ("text/plain; charset=", b"driver=1"),
]
# A server of WSGI lets no NUL and no wrong length through to us.
HEADERS = {
    "Accept": ["", "*/*;q=x", "text/html;" * 200],
    "Accept-Language": ["", "xx-" * 200, "de;q=9,*;q=-1", "\xff"],
    "Authorization": ["", "Bearer", "Bearer \xff", "Basic !!!"],
    "Cookie": [
        'sessionid="\\000"; csrftoken="\\000"',
        "sessionid=" + "x" * 5000,
        "messages=[[[; django_language=\xff",
        'messages="a:b:c"',
        "viewer_tz=../../etc/passwd",
        "viewer_tz=\xff; sessionid=\xff",
        "viewer_tz=Factory",
        ";=;==;",
    ],
    "Host": ["elsewhere.example", "", "[::1", "testserver:99999999"],
    "If-Modified-Since": ["x", "Sat, 01 Jan 0000 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"],
    "If-None-Match": ["*", '"', "W/"],
    "Origin": ["null", "http://[", "\xff"],
    "Range": ["bytes=-", "bytes=9-1"],
    "Referer": ["http://[", "javascript:1", "\xff" * 3000],
    "X-Forwarded-For": ["x", "::1, \x7f", "1.1.1.1," * 500],
    "X-Forwarded-Proto": ["gopher"],
    "X-Request-ID": ["\x7f", "é", "x" * 5000, "a b"],
    "X-CSRFToken": ["\xff", "x" * 5000],
    "HX-Request": ["true", "false", "\xff"],
    "HX-Current-URL": ["http://[", "%", "http://testserver/%00", "//", "x" * 5000],
    "HX-Current-URL-URI-AutoEncoded": ["true"],
    "HX-Target": ["%00", "#"],
    "HX-Trigger": ["{", "\xff"],
    "HX-Boosted": ["true", "x"],
    "HX-History-Restore-Request": ["true", "x"],
    "HX-Prompt": ["\xff"],
}
# What stands in an address where a key or a secret belongs; slashes would be another address.
ARGUMENTS = [
    "0",
    "-1",
    "9" * 40,
    str(2**63),
    "%00",
    "%ff",
    "٣",
    "x" * 3000,
    "..",
    "_00",
    "00000000-0000-0000-0000-000000000000",
    ":",
    "1:2:3",
    "💥",
]


class Shot(NamedTuple):
    """What to send besides what is right: changes of fields, or something else altogether."""

    changes: dict[str, list[str]]
    argument: str | None
    query: str | None
    body: tuple[str, bytes] | None
    headers: dict[str, str]


NOTHING = Shot(changes={}, argument=None, query=None, body=None, headers={})


def values() -> st.SearchStrategy[str]:
    """Return values for a field: mostly those known to be nasty."""
    return st.one_of(
        st.sampled_from(VALUES),
        st.sampled_from(VALUES),
        st.text(max_size=40),
        st.integers().map(str),
        st.datetimes().map(lambda at: at.isoformat(timespec="minutes")),
    )


def sometimes(strategy: st.SearchStrategy[Any], chance: int) -> st.SearchStrategy[Any]:
    """Return a strategy that gives None in all but one of `chance` cases."""
    return st.integers(1, chance).flatmap(lambda n: strategy if n == chance else st.none())


def headers() -> st.SearchStrategy[dict[str, str]]:
    """Return up to two headers of nonsense."""
    one = st.sampled_from(sorted(HEADERS)).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(HEADERS[name]))
    )
    return st.lists(one, max_size=2).map(dict)


def shots(names: list[str]) -> st.SearchStrategy[Shot]:
    """Return shots at an address whose forms and views read these names."""
    changed = st.dictionaries(
        st.sampled_from(names), st.lists(values(), min_size=0, max_size=3), max_size=3
    )
    return st.builds(
        Shot,
        changes=changed,
        argument=sometimes(st.sampled_from(ARGUMENTS), 6),
        query=sometimes(st.sampled_from(RAW_QUERIES), 6),
        body=sometimes(st.sampled_from(RAW_BODIES), 6),
        headers=headers(),
    )


def encode(fields: dict[str, list[str]]) -> str:
    """Return fields as a query string, lone surrogates included."""
    return "&".join(
        f"{_quoted(name)}={_quoted(value)}" for name, many in fields.items() for value in many
    )


@cache
def _quoted(text: str) -> str:
    return quote_plus(text.encode("utf-8", "surrogatepass"))
