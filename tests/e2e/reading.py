"""Reads what a test over HTTP needs from a page: its links, its fields, its words."""

import re
from html.parser import HTMLParser

import httpx


class Page(HTMLParser):
    """A page taken apart: `links`, `fields` of forms by name, `text` without tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fields: dict[str, list[str]] = {}
        self._words: list[str] = []
        self.feed(html)
        self.close()
        self.text = " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a link or a field."""
        found = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "input" and "name" in found:
            self.fields.setdefault(found["name"], []).append(found.get("value", ""))

    def handle_data(self, data: str) -> None:
        """Note what is to be read."""
        self._words.append(data)

    def link(self, begins: str, *, ends: str = "") -> str:
        """Return the first address that begins and ends so."""
        return next(
            link for link in self.links if link.startswith(begins) and re.search(f"{ends}$", link)
        )

    def hidden(self, *names: str) -> dict[str, str]:
        """Return the fields as a browser would send them."""
        return {name: self.fields[name][0] for name in names}

    @property
    def status(self) -> str:
        """What a booking's page says about how it stands."""
        return self.text.partition("Status: ")[2].partition(" ")[0]


def read(client: httpx.Client, address: str) -> Page:
    """Return a page that must be there."""
    answer = client.get(address)
    assert answer.status_code == 200, f"{answer.status_code} for {address}"
    return Page(answer.text)


def sign_in(client: httpx.Client, login: dict[str, str]) -> None:
    """Sign in as a person would; what matters today answers."""
    page = read(client, "/")
    token = page.hidden("csrfmiddlewaretoken")
    who = {"login": login["email"], "password": login["password"]}
    answer = client.post("/account/login/", data={**token, **who})
    assert answer.url.path == "/"
