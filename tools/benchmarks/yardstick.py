"""A bare Django page of the size of a list: what a page costs on this machine at this time.

A view, a template and 46 kB of HTML, without database, session, translation or middleware. What
other pages take beside it holds on a machine that is slower, or busy with something else.
"""

from functools import cache, partial

from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine, Template
from django.test import Client
from django.test.utils import override_settings
from django.urls import path

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


def measure() -> Taken:
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[]):
        return timed(partial(Client(SERVER_NAME="127.0.0.1").get, "/"), runs=RUNS)


def figure(taken: Taken) -> Figure:
    return Figure(
        "yardstick: a bare Django page of 46 kB",
        "",
        f"p95 {taken.p95:.1f} ms, median {taken.median:.1f} ms",
        None,
        cpu_ms=taken.cpu_ms,
    )
