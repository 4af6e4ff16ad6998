"""What somebody does on the pages of their log-in, as steps that the tests share."""

import base64
import hmac
import re
import struct
import time

from django.core import mail

from tests.factories import PASSWORD

SECURITY = "/account/security/"
SECRET = re.compile(r'id="app-secret">([A-Z2-7]+)<')
FACTOR_LINK = re.compile(r"https://chargebook\.example/account/security/\?link=(\S+)")
CODE = re.compile(r"<code>(\d{8})</code>")


def code_now(secret: str, *, steps: int = 0) -> str:
    """Return what an app shows (RFC 6238), or showed or will show some half minutes away."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    digest = hmac.new(base64.b32decode(secret), counter, "sha1").digest()
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 1_000_000:06d}"


def log_in(client, email, password=PASSWORD, **more):
    return client.post("/account/login/", {"login": email, "password": password, **more})


def is_in(client) -> bool:
    return "_auth_user_id" in client.session


def show_oneself(client, password=PASSWORD):
    return client.post("/account/reauthenticate/", {"password": password})


def factor_link() -> str:
    """Return the token of the link for a first second factor in the latest mail."""
    return FACTOR_LINK.search(mail.outbox[-1].body)[1]


def set_up_app(client) -> tuple[str, list[str]]:
    """Set up an app as who is in; return its secret and the recovery codes."""
    show_oneself(client)
    secret = SECRET.search(client.get(f"{SECURITY}totp/activate/").content.decode())[1]
    # The code of the half minute before, which leaves the present one for the log-in.
    answer = client.post(f"{SECURITY}totp/activate/", {"code": code_now(secret, steps=-1)})
    assert answer.status_code == 302, answer.content.decode()
    return secret, CODE.findall(client.get(f"{SECURITY}recovery-codes/").content.decode())


def give_code(client, code):
    return client.post(f"{SECURITY}authenticate/", {"code": code})
