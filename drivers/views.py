"""Pages about drivers and fleets."""

from django.http import HttpRequest, HttpResponse


def switch_fleet(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError
