import logging

import httpx
import pytest

from tests.scripted_operator import BASE_URL, TOKEN, page
from upstream import paging
from upstream.errors import UpstreamError, UpstreamUnavailable

PATH = "resources/locations/v2.0"
LIST = f"{BASE_URL}/{PATH}"


def rows(*ids: int) -> list[dict[str, int]]:
    return [{"id": pk} for pk in ids]


def ids(pages) -> list[list[int]]:
    return [[item.id for item in page.items] for page in pages]


def test_pages_follow_the_links_as_they_are_given(client, operator):
    operator.answers(
        "GET",
        PATH,
        page(rows(1, 2), f"{LIST}?cursor=eyJpZCI6Mn0%3D&per_page=2&extra=kept"),
        page(rows(3), None),
    )
    assert ids(client.location_pages()) == [[1, 2], [3]]
    assert operator.requests[1].url.query == b"cursor=eyJpZCI6Mn0%3D&per_page=2&extra=kept"


def test_nothing_is_asked_before_it_is_needed(client, operator):
    operator.answers("GET", PATH, page(rows(1), f"{LIST}?cursor=2"))
    pages = client.location_pages()
    assert client.calls == 0
    assert next(pages).next_link == f"{LIST}?cursor=2"
    assert client.calls == 1


def test_walk_resumes_from_a_link(client, operator):
    operator.answers("GET", PATH, page(rows(3)))
    assert ids(client.location_pages(resume_from=f"{LIST}?cursor=2")) == [[3]]
    assert operator.queries == [{"cursor": "2"}]


def test_relative_links_stay_with_the_operator(client, operator):
    operator.answers("GET", PATH, page(rows(1), "?cursor=2"), page(rows(2)))
    assert ids(client.location_pages()) == [[1], [2]]
    assert str(operator.requests[1].url) == f"{LIST}?cursor=2"


def test_empty_page_with_more_behind_it(client, operator):
    operator.answers(
        "GET", PATH, page([], f"{LIST}?cursor=2"), page([], f"{LIST}?cursor=3"), page(rows(1))
    )
    assert ids(client.location_pages()) == [[], [], [1]]


def test_repeated_items_come_once(client, operator):
    operator.answers("GET", PATH, page(rows(1, 2, 1), f"{LIST}?cursor=2"), page(rows(2, 3)))
    assert ids(client.location_pages()) == [[1, 2], [3]]


@pytest.mark.parametrize("last", ["?cursor=2", "?cursor=3"], ids=["an earlier page", "itself"])
def test_link_back_to_where_we_were_ends_the_list(client, operator, caplog, last):
    operator.answers(
        "GET",
        PATH,
        page(rows(1), f"{LIST}?cursor=2"),
        page(rows(2), f"{LIST}?cursor=3"),
        page(rows(3), f"{LIST}{last}"),
    )
    with caplog.at_level(logging.WARNING, logger="ampeco"):
        pages = list(client.location_pages())
    assert ids(pages) == [[1], [2], [3]]
    assert pages[-1].next_link is None
    assert "the list leads back" in caplog.text
    assert client.calls == 3


def test_operator_that_only_repeats_itself_ends_the_list(client, operator, caplog):
    def same_again(request):
        return page(rows(1, 2), f"{LIST}?cursor={len(operator.requests)}")

    operator.answers("GET", PATH, same_again)
    with caplog.at_level(logging.WARNING, logger="ampeco"):
        pages = list(client.location_pages())
    assert ids(pages) == [[1, 2], [], [], []]
    assert pages[-1].next_link is None
    assert "the list leads back" in caplog.text


def test_empty_pages_without_end_are_an_error(client, operator):
    operator.answers(
        "GET", PATH, lambda request: page([], f"{LIST}?cursor={len(operator.requests)}")
    )
    with pytest.raises(UpstreamError, match="does not come to an end"):
        list(client.location_pages())
    assert client.calls == paging.MOST_EMPTY_PAGES


def test_pages_without_end_are_an_error(client, operator, monkeypatch):
    monkeypatch.setattr(paging, "MOST_PAGES", 5)
    operator.answers(
        "GET",
        PATH,
        lambda request: page(
            rows(len(operator.requests)), f"{LIST}?cursor={len(operator.requests)}"
        ),
    )
    with pytest.raises(UpstreamError, match="does not come to an end"):
        list(client.location_pages())
    assert client.calls == 5


@pytest.mark.parametrize(
    "origin",
    [
        "https://operator.example",
        "HTTPS://Operator.Example:443",
        "http://operator.example",
        "https://operator.example:8443",
        "https://10.0.0.7",
        "https://operator.example.evil.example",
        "https://operator.example@evil.example",
        "https://me:you@operator.example",
        "//evil.example",
        "ftp://evil.example",
    ],
)
@pytest.mark.parametrize("path", [f"/public-api/{PATH}", f"/{PATH}"])
def test_a_list_goes_on_where_it_is_whatever_its_links_name(client, operator, origin, path):
    """A proxy may change host, scheme and path; the token goes to the configured origin only."""
    link = f"{origin}{path}?cursor=2"
    operator.answers("GET", PATH, page(rows(1), link), page(rows(2)))
    first, _second = pages = list(client.location_pages())
    assert ids(pages) == [[1], [2]]
    assert ids(client.location_pages(resume_from=link)) == [[2]]
    assert first.next_link == f"{LIST}?cursor=2"
    assert [str(request.url) for request in operator.requests[1:]] == [f"{LIST}?cursor=2"] * 2
    assert all(
        request.headers["Authorization"] == f"Bearer {TOKEN}" for request in operator.requests
    )


@pytest.mark.parametrize(
    "link", ["https://[broken/x", "https://evil.example/x", "file:///etc/passwd", "next"]
)
def test_a_page_counts_though_its_link_says_nothing_and_the_list_does_not_end_there(
    client, operator, link
):
    operator.answers("GET", PATH, page(rows(1), link))
    pages = client.location_pages()
    assert ids([next(pages)]) == [[1]]
    with pytest.raises(UpstreamError, match="does not say where it goes on") as error:
        next(pages)
    assert "evil" not in str(error.value)
    with pytest.raises(UpstreamError):
        next(client.location_pages(resume_from=link))
    assert len(operator.requests) == 1


@pytest.mark.parametrize("answer", [{}, {"data": None}, {"data": {"0": {"id": 1}}}])
def test_answer_without_a_list_is_not_taken_for_an_empty_one(client, operator, answer):
    operator.answers("GET", PATH, httpx.Response(200, json=answer))
    with pytest.raises(UpstreamUnavailable):
        list(client.location_pages())


@pytest.mark.parametrize("links", [None, [], {}, {"next": ""}, {"next": 7}])
def test_odd_links_end_the_list(client, operator, links):
    operator.answers("GET", PATH, httpx.Response(200, json={"data": rows(1), "links": links}))
    assert ids(client.location_pages()) == [[1]]


def test_items_that_cannot_be_read_are_left_out(client, operator, caplog):
    operator.answers("GET", PATH, page([{"name": "secret"}, None, "x", {"id": 2}]))
    with caplog.at_level(logging.WARNING, logger="ampeco"):
        assert ids(client.location_pages()) == [[2]]
    assert "location_pages: an item was left out: “id” is missing" in caplog.text
    assert "secret" not in caplog.text


def test_page_that_fails_is_asked_for_again_by_its_own_link(client, operator):
    operator.answers(
        "GET",
        PATH,
        page(rows(1), f"{LIST}?cursor=2"),
        httpx.Response(502),
        page(rows(2)),
    )
    assert ids(client.location_pages()) == [[1], [2]]
    assert [query.get("cursor") for query in operator.queries] == [None, "2", "2"]
