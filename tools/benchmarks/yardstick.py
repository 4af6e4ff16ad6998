"""A bare Django page of the size of a list: what a page costs on this machine at this time.

A view, a template and 46 kB of HTML, without database, session, translation or middleware. What
other pages take beside it holds on a machine that is slower, or busy with something else.
"""

from collections.abc import Callable
from functools import cache

from django.core.handlers.base import BaseHandler
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template import Context, Engine, Template
from django.test import RequestFactory
from django.test.utils import override_settings
from django.urls import path, set_urlconf

from tools.benchmarks.report import Figure, Taken, timed

RUNS = 200
ROWS = tuple({"number": number, "name": f"Depot <{number}>"} for number in range(485))
PAGE = """<!doctype html><title>{{ title }}</title><table>
{% for row in rows %}<tr>
  <td>{{ row.number }}</td><td>{{ row.name }}</td>
  <td>{% if row.number > 100 %}<a href="/sites/{{ row.number }}/">{{ row.name }}</a>{% else %}–{% endif %}</td>
</tr>
{% endfor %}</table>"""  # noqa: E501


@cache
def _template() -> Template:
    return Engine().from_string(PAGE)


def page(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Answer with rows of nothing."""
    return HttpResponse(_template().render(Context({"title": "Yardstick", "rows": ROWS})))


urlpatterns = [path("", page)]


def bare_page() -> Callable[[], HttpResponseBase]:
    """Return what makes the page once; between two of them, the portal makes its own as ever."""
    handler, requests = BaseHandler(), RequestFactory(SERVER_NAME="127.0.0.1")
    with override_settings(MIDDLEWARE=[]):
        handler.load_middleware()

    def get() -> HttpResponseBase:
        request = requests.get("/")
        request.urlconf = __name__
        response = handler.get_response(request)
        # Only a request that comes through a server forgets it at its end.
        set_urlconf(None)
        assert response.status_code == 200
        return response

    return get


def measure() -> Taken:
    return timed(bare_page(), runs=RUNS)


def figure(taken: Taken) -> Figure:
    return Figure(
        "yardstick: a bare Django page of 46 kB",
        "",
        f"p95 {taken.p95:.1f} ms, median {taken.median:.1f} ms",
        None,
        cpu_ms=taken.cpu_ms,
    )
