"""What is refused before any page sees it: NUL characters, which no database takes, and files."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

NUL = "\x00"


class RefuseNul:
    """Keeps NUL characters away from those who would hand them on to the database.

    A cookie with one counts as absent: refusing it would shut its browser out for as long as it
    keeps the cookie. In the back office, whose filters take an address as it comes, such a request
    is a bad one (400). The portal's own forms say it beside the field.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request without its NUL characters, or refuse it."""
        cookies = request.COOKIES
        for name in [name for name, value in cookies.items() if NUL in name + value]:
            del cookies[name]
        if request.path_info.startswith(reverse("admin:index")) and (
            NUL in request.path_info or _holds_nul(request.GET) or _holds_nul(request.POST)
        ):
            raise BadRequest("A NUL character in a request for the back office.")
        return self.get_response(request)


def _holds_nul(values: QueryDict) -> bool:
    return any(NUL in text for name, texts in values.lists() for text in (name, *texts))


class NoFiles(FileUploadHandler):
    """Refuses files: no form of the portal takes one."""

    def new_file(self, *_args: Any, **_kwargs: Any) -> None:
        """Refuse the request at the first byte of a file."""
        raise SuspiciousOperation("The portal takes no files.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Keep nothing."""

    def file_complete(self, file_size: int) -> None:
        """Return no file."""
