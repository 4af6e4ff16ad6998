"""One person's browser, which asks again until it is answered."""

import time

import httpx

from tools.chaos.books.ledger import Ledger
from tools.chaos.people.pages import TOKEN

PATIENCE_SECONDS = 30
BETWEEN_TRIES_SECONDS = 1.0
# As long as faults may last; who is not answered then has not been answered.
TRIES = 240

Form = dict[str, str] | dict[str, str | list[str]]


class GaveUp(Exception):
    """The portal did not answer for minutes."""


class Browser:
    """Signed in as one person, at whichever web server answers."""

    def __init__(self, portals: list[str], *, login: tuple[str, str], ledger: Ledger) -> None:
        self._portals = portals
        self._login = login
        self._ledger = ledger
        self._tries = 0
        self._client = httpx.Client(timeout=PATIENCE_SECONDS, follow_redirects=False)

    def close(self) -> None:
        self._client.close()

    def get(self, path: str) -> httpx.Response:
        return self._until_answered("GET", path, None)

    def post(self, path: str, form: Form) -> httpx.Response:
        return self._until_answered("POST", path, form)

    def _until_answered(self, method: str, path: str, form: Form | None) -> httpx.Response:
        """Ask until the portal answers with anything but an error of its own.

        Raises GaveUp.
        """
        for _ in range(TRIES):
            self._tries += 1
            portal = self._portals[self._tries % len(self._portals)]
            try:
                answer = self._ask(method, portal, path, form)
            except httpx.TransportError as error:
                self._ledger.count(type(error).__name__)
            else:
                self._ledger.count(str(answer.status_code))
                if not (answer.status_code >= 500 or answer.status_code in {403, 429}):
                    return answer
            time.sleep(BETWEEN_TRIES_SECONDS)
        raise GaveUp(path)

    def _ask(self, method: str, portal: str, path: str, form: Form | None) -> httpx.Response:
        if "sessionid" not in self._client.cookies:
            self._sign_in(portal)
        data = None
        if form is not None:
            token = self._client.cookies.get("csrftoken", "")
            data = {**form, "csrfmiddlewaretoken": token}
        answer = self._client.request(method, f"{portal}{path}", data=data)
        if "/account/login/" in answer.headers.get("Location", ""):
            self._client.cookies.clear()
            raise httpx.ReadError("The session is over.")
        return answer

    def _sign_in(self, portal: str) -> None:
        """Sign in; raises TransportError where that does not work now."""
        address = f"{portal}/account/login/"
        token = TOKEN.search(self._client.get(address).text)
        email, password = self._login
        typed = {
            "login": email,
            "password": password,
            "csrfmiddlewaretoken": token[1] if token else "",
        }
        answer = self._client.post(address, data=typed)
        if answer.status_code != httpx.codes.FOUND:
            self._client.cookies.clear()
            raise httpx.ReadError("Signing in does not work.")
