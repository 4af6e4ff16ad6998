"""What is written once and kept in memory, since every page says it again.

Only for what depends on nothing but what it is kept by: a text must not tell of one person what
another one reads.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language

P = ParamSpec("P")
T = TypeVar("T")


def kept_by_language(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keep the last `most` answers of a function of its arguments and the active language alone."""

    def decorate(write: Callable[P, T]) -> Callable[P, T]:
        # By type, too: what is safe HTML equals a text that is none.
        @lru_cache(maxsize=most, typed=True)
        def written(_language: str | None, *args: Any, **kwargs: Any) -> Any:
            return write(*args, **kwargs)

        @wraps(write)
        def inner(*args: P.args, **kwargs: P.kwargs) -> T:
            answer: T = written(get_language(), *args, **kwargs)  # type: ignore[arg-type]
            return answer

        return inner

    return decorate


@kept_by_language(2048)
def kept_html(template: str, **values: Any) -> SafeString:
    """Return a part of a page, drawn once in each language for the same values.

    Its template knows these and nothing else of the page. They are texts, numbers and such: what
    differs with each request keeps nothing.
    """
    return render_to_string(template, values)


@lru_cache(maxsize=4096, typed=True)
def _address(_prefix: str, _urls: str, view: str, *args: Any) -> str:
    return reverse(view, args=args)


def address_of(view: str, *args: Any) -> str:
    """Return the address of a page, as `reverse` does."""
    return _address(get_script_prefix(), settings.ROOT_URLCONF, view, *args)


@lru_cache(maxsize=64)
def static_address(name: str) -> str:
    """Return the address of one of the portal's files, which stays as long as the process does."""
    return static(name)
