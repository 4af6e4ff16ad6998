"""What can be asked of the portal: its addresses, and the names that its forms and views read."""

import ast
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from django import forms
from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.regex_helper import normalize

# Where the portal's own forms and views live.
APPS = (
    "accounts",
    "batches",
    "bookings",
    "config",
    "drivers",
    "imports",
    "limits",
    "mirror",
    "privacy",
    "series",
    "sites",
    "team",
    "vehicles",
    "waiting",
)
# Attributes of a request that hold what came with it, and what views call those.
GIVEN = {"GET", "POST", "params", "given"}

# What the back office's own views read.
OF_LISTS = (
    *("_addanother", "_changelist_filters", "_continue", "_popup", "_save", "_selected_action"),
    *("_to_field", "action", "all", "app_label", "e", "field_name", "index", "model_name", "next"),
    *("o", "p", "post", "q", "select_across", "term"),
)


class Address(NamedTuple):
    """An address as the URL configuration has it; `template` lacks its arguments."""

    name: str
    template: str
    arguments: tuple[str, ...]


def addresses(resolver: URLResolver | None = None, prefix: str = "", spaces: str = ""):
    """Yield all addresses of the portal, those of libraries included."""
    for pattern in (resolver or get_resolver()).url_patterns:
        regex = prefix + pattern.pattern.regex.pattern.lstrip("^").removesuffix(r"\Z")
        if isinstance(pattern, URLPattern):
            template, arguments = normalize(regex)[0]
            yield Address(f"{spaces}{pattern.name or regex}", f"/{template}", tuple(arguments))
        else:
            inner = f"{pattern.namespace}:" if pattern.namespace else spaces
            yield from addresses(pattern, regex, inner)


def form_names() -> set[str]:
    """Return the names of all fields of the portal's own forms."""
    # What no test has imported yet would not be found.
    for app in APPS:
        for path in Path(settings.BASE_DIR, app).glob("*forms.py"):
            import_module(f"{app}.{path.stem}")
    return {
        name
        for form in _subclasses(forms.BaseForm)
        if form.__module__.partition(".")[0] in APPS
        for name in getattr(form, "base_fields", {})
    }


def view_names() -> set[str]:
    """Return the names that the portal's code takes from query strings and forms by itself."""
    found = set()
    for app in APPS:
        for path in Path(settings.BASE_DIR, app).rglob("*.py"):
            found |= set(_names_read(ast.parse(path.read_text(encoding="utf-8"))))
    return found


def admin_names() -> set[str]:
    """Return what the back office's lists take: filters, order, search, actions."""
    names = set(OF_LISTS)
    for model, options in admin.site._registry.items():
        for each in options.list_filter:
            if isinstance(each, str):
                names |= {each, f"{each}__exact", f"{each}__gte", f"{each}__isnull"}
        names |= {f"{options.date_hierarchy}__year"} if options.date_hierarchy else set()
        names |= {"id__exact", f"{model._meta.pk.name}__in"}
    return names


class Inputs(HTMLParser):
    """The fields of all forms of a page, by name, with the values that they hold."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a field; of radios and options the chosen one, else the first."""
        found = dict(attrs)
        name, value = found.get("name") or "", found.get("value") or ""
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            if "selected" in found or self._select not in self.fields:
                self.fields[self._select] = value
        elif tag in {"input", "textarea", "button"} and name:
            if found.get("type") in {"radio", "checkbox"} and "checked" not in found:
                self.fields.setdefault(name, value)
            else:
                self.fields[name] = value

    def handle_endtag(self, tag: str) -> None:
        """Leave a select."""
        if tag == "select":
            self._select = ""


def _subclasses(parent: type) -> Iterator[type]:
    for each in parent.__subclasses__():
        yield each
        yield from _subclasses(each)


def _names_read(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=given, attr="get" | "getlist"), args=[key, *_]):
                pass
            case ast.Subscript(value=given, slice=key):
                pass
            case ast.Compare(left=key, ops=[ast.In() | ast.NotIn()], comparators=[given]):
                pass
            case _:
                continue
        holder = getattr(given, "attr", getattr(given, "id", ""))
        if holder in GIVEN and isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value
