"""The simulated operator of the running demo: what it was asked, how it decides, its mails."""

import re
from html import unescape

import httpx


class Operator:
    """Reads what has arrived at the operator, and tells it how to decide."""

    def __init__(self, address: str) -> None:
        self.http = httpx.Client(base_url=address, timeout=30)

    def __enter__(self) -> "Operator":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def decide_by_hand(self, by_hand: bool) -> None:
        """Let requests wait for a person, or be decided by themselves after a while."""
        answer = self.http.post("/control/settings", json={"manual": by_hand})
        answer.raise_for_status()

    def decide_after(self, seconds: float) -> None:
        """Let requests that are decided by themselves wait for so long."""
        answer = self.http.post("/control/settings", json={"decision_delay": seconds})
        answer.raise_for_status()

    def act(self, pk: int, **changes: object) -> None:
        """Do something to a booking, as the operator's staff would: AMPECO's names and values."""
        self.http.post(f"/control/bookings/{pk}", json=changes).raise_for_status()

    def go_wrong(self, kind: str, **fields: object) -> None:
        """Let calls go wrong, as `sandbox.faults` names and describes it."""
        answer = self.http.post("/control/faults", json={"kind": kind, **fields})
        answer.raise_for_status()

    def work_again(self) -> None:
        """Let nothing go wrong any more."""
        self.http.delete("/control/faults").raise_for_status()

    def tripped(self) -> list[dict]:
        """Return the calls to Ampcontrol that nobody may send."""
        return self.http.get("/control/ampcontrol/tripwire").raise_for_status().json()

    def reject(self, pk: int, *, reason: str) -> None:
        """Reject a request that waits for a person."""
        answer = self.http.post(f"/control/requests/{pk}", json={"reason": reason})
        answer.raise_for_status()

    def requests(self) -> list[dict]:
        """Return all booking requests so far, oldest first, as AMPECO writes them."""
        return self.http.get("/control/world").json()["requests"]

    def booking(self, pk: int) -> dict:
        """Return a booking as AMPECO writes it."""
        bookings = self.http.get("/control/world").json()["bookings"]
        return next(each for each in bookings if each["id"] == pk)

    def mails(self, *, to: str, about: str) -> list[str]:
        """Return the pages of the mails to somebody that contain `about`."""
        rows = re.findall(r"<tr\b.*?</tr>", self.http.get("/mail").text, flags=re.DOTALL)
        links = [
            link[1]
            for row in rows
            if (link := re.search(r'href="(/mail/[^"]+)"', row)) and to in unescape(row).lower()
        ]
        return [link for link in links if about in self.text(link)]

    def text(self, mail: str) -> str:
        """Return what the page of a mail shows as its text."""
        page = self.http.get(mail).text
        return unescape(re.search(r"<pre\b[^>]*>(.*?)</pre>", page, flags=re.DOTALL)[1])

    def attachment(self, mail: str) -> bytes:
        """Return the only file that is attached to a mail.

        A calendar entry may also stand beside the texts, as another form of them without a name.
        """
        files = r'href="(/mail/[^"]+/part/\d+)">[^<]+\.\w+<'
        (link,) = re.findall(files, self.http.get(mail).text)
        return self.http.get(link).content
