"""What all walks through the operator's lists have in common: going on, beginning anew, ending."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.translation import gettext as _

from ampeco.connection import note_refused
from mirror.models import SyncRun
from mirror.problems import problem_of
from mirror.runs import RunOvertaken, break_off
from upstream.errors import (
    UpstreamError,
    UpstreamForbidden,
    UpstreamUnauthorized,
    is_about_the_link,
)
from upstream.paging import Page

logger = logging.getLogger(__name__)

ReadFrom = Callable[[str | None], Iterator[Page[Any]]]


@contextmanager
def broken_off_by_errors(
    run: SyncRun, *, name: str, calls: Callable[[], int], forbidden: str = ""
) -> Iterator[None]:
    """Break a run off where the block raises, and say why; the operator's errors end there.

    `calls` tells how many the run has cost, `forbidden` is for staff where the token lacks a right.
    All processes learn when the token is refused. A run that another process has taken over is left
    to it; an error that is not the operator's goes on.
    """
    try:
        yield
    except UpstreamError as error:
        if isinstance(error, UpstreamUnauthorized) and not isinstance(error, UpstreamForbidden):
            note_refused()
        logger.warning("The synchronisation of %s broke off: %s", name, error)
        break_off(run, problem=problem_of(error, forbidden=forbidden), calls=calls())
    except RunOvertaken:
        logger.warning("Another process has taken over the synchronisation of %s.", name)
        run.refresh_from_db()
    except BaseException:
        break_off(run, problem=_("It was stopped before it finished."), calls=calls())
        raise


def pages_from_where_it_came_to(
    run: SyncRun, read: ReadFrom, *, begin_anew: Callable[[], None] = lambda: None
) -> Iterator[Page[Any]]:
    """Yield the pages of a list from where the run came to; from the first if that is refused.

    Then `begin_anew` is called before.
    """
    link = run.resume_from or None
    while True:
        try:
            for page in read(link):
                link = None
                yield page
        except UpstreamError as error:
            if link is None or not is_about_the_link(error):
                raise
            link = None
            begin_anew()
        else:
            return
