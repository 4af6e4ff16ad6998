"""Files that people send: the views that take one say so, all others refuse it."""

from collections.abc import Callable
from io import BytesIO
from typing import Any, TypeVar

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopFutureHandlers

View = TypeVar("View", bound=Callable[..., Any])
TAKES = "most_bytes_of_a_file"


def takes_file(*, most_bytes: int) -> Callable[[View], View]:
    """Let a view take files; goes outermost.

    Of a larger one no more is kept than it takes to see that it is too large.
    """

    def mark(view: View) -> View:
        setattr(view, TAKES, most_bytes)
        return view

    return mark


class SmallFiles(FileUploadHandler):
    """Keeps files in memory for views that take one, and refuses all others."""

    most_bytes = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        view = getattr(self.request, "resolver_match", None)
        self.most_bytes = getattr(view.func, TAKES, 0) if view else 0
        if not self.most_bytes:
            raise SuspiciousOperation("This page takes no files.")
        self.file = BytesIO()
        raise StopFutureHandlers

    def receive_data_chunk(self, raw_data: bytes, _start: int) -> bytes | None:
        """Keep a part of the file, and one byte too many at most."""
        room = self.most_bytes + 1 - self.file.tell()
        self.file.write(raw_data[: max(room, 0)])
        return None

    def file_complete(self, _file_size: int) -> InMemoryUploadedFile:
        """Return what was kept of the file."""
        size = self.file.tell()
        self.file.seek(0)
        return InMemoryUploadedFile(
            self.file, self.field_name, self.file_name, self.content_type, size, self.charset
        )
