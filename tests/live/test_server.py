"""What the server does about those who listen badly; without a network."""

import asyncio

import pytest
from django.conf import settings as portal

from live.hub import MOST_NAMED, Hub, Watch
from live.server import Server

pytestmark = pytest.mark.django_db(transaction=True)


def scope_of(client):
    cookie = f"{portal.SESSION_COOKIE_NAME}={client.cookies[portal.SESSION_COOKIE_NAME].value}"
    headers = [(b"host", b"testserver"), (b"cookie", cookie.encode())]
    query = b"fleet=current&age=100000"
    return {
        "type": "http",
        "method": "GET",
        "path": "/live",
        "query_string": query,
        "headers": headers,
    }


async def never(*_):
    await asyncio.Event().wait()


@pytest.mark.postgresql
def test_who_takes_nothing_is_dropped(as_manager, manager):
    server = Server(patience=0.01)

    async def start_only(message):
        if message["type"] == "http.response.body":
            await never()

    asyncio.run(server(scope_of(as_manager), never, start_only))
    assert server.hub.watched == 0


@pytest.mark.postgresql
def test_so_many_listen_at_once_and_no_more(as_manager, manager):
    server = Server(most_open=0)
    answers = []

    async def note(message):
        answers.append(message)

    asyncio.run(server(scope_of(as_manager), never, note))
    assert answers[0]["status"] == 503


@pytest.mark.postgresql
def test_who_leaves_is_forgotten(as_manager, manager):
    server = Server()
    said = []

    async def note(message):
        said.append(message)

    async def leave():
        return {"type": "http.disconnect"}

    asyncio.run(server(scope_of(as_manager), leave, note))
    assert said[-1]["more_body"] is False
    assert server.hub.watched == 0


def test_what_is_not_taken_yet_is_kept_as_one_and_has_an_end():
    watch = Watch(person=1, fleet=2)
    for number in range(10 * MOST_NAMED):
        watch.tell(number)
        watch.tell(number)

    assert len(watch.changed) == MOST_NAMED
    watch.take()
    assert not watch.changed
    assert not watch.woken.is_set()


def test_what_nobody_said_is_known_to_be_missed():
    hub = Hub(never)
    hub.hear((2, 3, 5))
    assert hub._missed([(2, 3, 5), (4, 7, 1)], [2, 4, 6]) == {4}
    assert hub._missed(None, [2, 4]) == {2, 4}


def test_a_version_that_a_page_has_is_not_told_again():
    hub = Hub(never)
    watch = Watch(person=1, fleet=2, booking=3, seen=4)
    hub.open(watch)
    hub.hear((2, 3, 5))
    assert watch.changed == {3}
    watch.take()
    watch.update(5)

    assert not watch.woken.is_set()
