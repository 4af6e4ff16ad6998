"""Pages asked for in this process: middleware, views and templates, but no network."""

from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import User
from shell.viewer import COOKIE as ZONE_COOKIE
from sites.models import Location
from sites.slots.availability import cache_key, read_availability, window_for


def browser_of(user: User) -> Client:
    """Return a browser in which somebody has logged in, and whose clock is not the site's."""
    browser = Client(SERVER_NAME="127.0.0.1", raise_request_exception=True)
    browser.force_login(user)
    browser.cookies[ZONE_COOKIE] = "Europe/Berlin"
    return browser


def get(browser: Client, url: str) -> str:
    """Return a page; raises RuntimeError for any answer but 200."""
    response = browser.get(url)
    if response.status_code != 200:
        raise RuntimeError(f"{url} gave {response.status_code}")
    return str(response.content.decode())


def forget_slots(site: Location) -> None:
    cache.delete(_key(site))


def know_slots(site: Location) -> None:
    if cache.get(_key(site)) is None:
        read_availability(site, day=timezone.now().astimezone(site.zone).date())


def _key(site: Location) -> str:
    now = timezone.now()
    today = now.astimezone(site.zone).date()
    return cache_key(site, window_for(today, zone=site.zone, now=now))
