"""What is counted begins at zero, and what is logged is kept as it would be written."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from django.conf import settings

from telemetry import sweeps
from telemetry.logs import Json
from telemetry.measures import STORE, families


class Written:
    """The log lines that came out of the JSON formatter so far."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.text.splitlines()]

    def with_message(self, part: str) -> list[dict]:
        return [line for line in self.lines if part in line["message"]]


@pytest.fixture(autouse=True)
def _counted_from_zero() -> Iterator[None]:
    """Forget what other tests counted, here and in the cache's Redis if that is one."""
    STORE.forget()
    sweeps.forget_notes()
    yield
    STORE.forget()


@pytest.fixture
def written() -> Iterator[Written]:
    """All that is logged from DEBUG on, as the portal writes it where LOG_FORMAT is json."""
    written = Written()
    handler = logging.StreamHandler(written.stream)
    handler.setFormatter(Json(secrets=settings.SECRETS))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.setLevel(level)
    root.removeHandler(handler)


@pytest.fixture
def counted():
    """A function that tells what was counted so far: by sample name and label values."""

    def counted(name: str) -> dict[tuple[str, ...], float]:
        return {
            tuple(sample.labels.values()): sample.value
            for family in families()
            for sample in family.samples
            if sample.name == name
        }

    return counted
