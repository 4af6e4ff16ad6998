"""Watches the workers: the request id travels with each task, and each end of a task is noted."""

import inspect
import time
from contextvars import Token
from typing import Any

from celery import Task, signals
from django.conf import settings

from telemetry import sweeps
from telemetry.logs import REQUEST_ID, Facts, accept_request_id, bind, request_id, unbind
from telemetry.measures import TASK_RUNS, TASK_SECONDS

HEADER = "chargebook_request_id"
# What a task's arguments are called in log lines.
ARGUMENTS = {
    "request_id": "booking_request_id",
    "booking_id": "booking_id",
    "notification_id": "notification_id",
}

# Of the tasks under way, by their ids: what ends their log lines' facts, and when they began.
_running: dict[str, tuple[Token[Facts], float]] = {}


def watch() -> None:
    """Connect to Celery's signals; doing it twice changes nothing."""
    signals.before_task_publish.connect(send_request_id, dispatch_uid="telemetry-publish")
    signals.task_prerun.connect(begin, dispatch_uid="telemetry-begin")
    signals.task_success.connect(note_success, dispatch_uid="telemetry-success")
    signals.task_failure.connect(note_failure, dispatch_uid="telemetry-failure")
    signals.task_postrun.connect(end, dispatch_uid="telemetry-end")
    signals.beat_init.connect(expect_sweeps, dispatch_uid="telemetry-beat")
    signals.setup_logging.connect(keep_logging, dispatch_uid="telemetry-logging")


def keep_logging(**_: Any) -> None:
    """Keep Celery from setting up logging: being connected is enough. Django's settings do."""


def expect_sweeps(**_: Any) -> None:
    sweeps.await_all()


def send_request_id(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Put the id of the request at hand on a task's message; beat's tasks get one when they run."""
    if headers is not None and request_id():
        headers[HEADER] = request_id()


def begin(task_id: str, task: Task, args: Any, kwargs: Any, **_: Any) -> None:
    """Bind what the task's log lines carry."""
    token = bind(
        **{REQUEST_ID: accept_request_id(_sent_id(task)), "task": task.name},
        **_ids(task, args or (), kwargs or {}),
    )
    _running[task_id] = (token, time.monotonic())


def note_success(sender: Task, **_: Any) -> None:
    """Count a task that ran to its end."""
    seconds = _seconds(sender.request.id)
    TASK_RUNS.add(task=sender.name, outcome="succeeded")
    TASK_SECONDS.note(seconds, task=sender.name)
    if _is_sweep(sender):
        sweeps.note_success(sweeps.name_of(sender.name), seconds=seconds)


def note_failure(sender: Task, task_id: str, **_: Any) -> None:
    TASK_RUNS.add(task=sender.name, outcome="failed")
    TASK_SECONDS.note(_seconds(task_id), task=sender.name)
    if _is_sweep(sender):
        sweeps.note_failure(sweeps.name_of(sender.name))


def end(task_id: str, **_: Any) -> None:
    token, _began = _running.pop(task_id, (None, 0.0))
    if token is not None:
        unbind(token)


def _sent_id(task: Task) -> str | None:
    """Return the id that came with the message, whether from a broker or by `apply`."""
    direct = getattr(task.request, HEADER, None)
    found = direct or (task.request.headers or {}).get(HEADER)
    return found if isinstance(found, str) else None


def _ids(task: Task, args: Any, kwargs: Any) -> dict[str, int]:
    try:
        given = inspect.signature(task.run).bind_partial(*args, **kwargs).arguments
    except TypeError:
        # The task will say itself that it cannot be called like this.
        return {}
    return {
        ARGUMENTS[name]: value
        for name, value in given.items()
        if name in ARGUMENTS and isinstance(value, int)
    }


def _seconds(task_id: str) -> float:
    began = _running.get(task_id)
    return time.monotonic() - began[1] if began else 0.0


def _is_sweep(task: Task) -> bool:
    return any(entry["task"] == task.name for entry in settings.CELERY_BEAT_SCHEDULE.values())
