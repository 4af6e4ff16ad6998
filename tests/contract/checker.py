"""Checks HTTP requests and responses against the vendor's OpenAPI document."""

import copy
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from openapi_core.validation.schemas.exceptions import ValidateError
from werkzeug.datastructures import Headers, ImmutableMultiDict

# The document's server is a template; where a call really goes does not matter here.
HOST = "https://operator.example"
DOCUMENT = Path(__file__).with_name("ampeco-openapi.json")


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return document


@cache
def _api() -> OpenAPI:
    document = copy.deepcopy(_document())
    document["servers"] = [{"url": HOST}]
    _make_parameters_readable(document)
    _say_what_is_meant(document)
    return OpenAPI.from_dict(document, config=Config(spec_validator_cls=None))


class ContractChecker:
    """Raises AssertionError for what the vendor's document does not allow.

    Stricter than the document where it is silent: query parameters, includes and members of request
    bodies that it does not name are refused, since a misspelt one would be ignored upstream.
    """

    def __init__(self) -> None:
        self._checked: set[str] = set()

    @property
    def operations(self) -> frozenset[str]:
        """The operation ids of all requests that were found good so far."""
        return frozenset(self._checked)

    def check_request(self, request: httpx.Request) -> None:
        """Check method, path, query, body and the presence of a token."""
        operation = self._operation(request)
        self._check_query(request, operation)
        self._check_body_members(request, operation)
        try:
            _api().validate_request(_Request(request))
        except OpenAPIError as error:
            raise AssertionError(f"{_name(request)}: {_explain(error)}") from error
        self._checked.add(operation["operationId"])

    def check_response(self, request: httpx.Request, response: httpx.Response) -> None:
        """Check status, content type and body of an answer; the request itself is not checked."""
        operation = self._operation(request)
        name = f"{_name(request)} → {response.status_code}"
        if str(response.status_code) not in operation["responses"]:
            raise AssertionError(f"{name}: the document has no such status here.")
        documented = self._resolved(operation["responses"][str(response.status_code)])
        if not documented.get("content"):
            return
        try:
            _api().validate_response(_Request(request), _Response(response))
        except OpenAPIError as error:
            raise AssertionError(f"{name}: {_explain(error)}") from error

    def template_of(self, request: httpx.Request) -> str:
        """Return the document's path for a request, such as “/…/{booking}”."""
        wanted = request.url.path.split("/")
        for template, item in _document()["paths"].items():
            parts = template.split("/")
            fits = len(parts) == len(wanted) and all(
                part == given or (part.startswith("{") and given)
                for part, given in zip(parts, wanted, strict=True)
            )
            if fits and request.method.lower() in item:
                return template
        raise AssertionError(f"{_name(request)}: the document has no such operation.")

    def _operation(self, request: httpx.Request) -> dict[str, Any]:
        """Return the document's operation for a request, with the path's parameters added."""
        item = _document()["paths"][self.template_of(request)]
        operation = dict(item[request.method.lower()])
        shared = item.get("parameters", [])
        operation["parameters"] = [*shared, *operation.get("parameters", [])]
        return operation

    def _check_query(self, request: httpx.Request, operation: Mapping[str, Any]) -> None:
        known: dict[str, Any] = {}
        for entry in operation["parameters"]:
            parameter = self._resolved(entry)
            if parameter["in"] != "query":
                continue
            schema = self._resolved(parameter["schema"])
            if parameter["name"] == "include":
                known["include[]"] = self._resolved(schema["items"])["enum"]
            elif parameter.get("style") == "deepObject":
                for member in self._members(schema):
                    known[f"{parameter['name']}[{member}]"] = None
            else:
                known[parameter["name"]] = None
        for name, value in _query(request):
            if name not in known:
                raise AssertionError(f"{_name(request)}: the query parameter {name} is unknown.")
            if known[name] is not None and value not in known[name]:
                raise AssertionError(f"{_name(request)}: {value} cannot be included.")

    def _check_body_members(self, request: httpx.Request, operation: Mapping[str, Any]) -> None:
        if "requestBody" not in operation:
            if request.content:
                raise AssertionError(f"{_name(request)}: there is a body but none is expected.")
            return
        body = self._resolved(operation["requestBody"])
        known = set(self._members(body["content"]["application/json"]["schema"]))
        unknown = set(json.loads(request.content)) - known
        if unknown:
            raise AssertionError(f"{_name(request)}: unknown members {sorted(unknown)}.")

    def _members(self, schema: Mapping[str, Any]) -> Iterator[str]:
        schema = self._resolved(schema)
        yield from schema.get("properties", {})
        for word in ("allOf", "anyOf", "oneOf"):
            for part in schema.get(word, []):
                yield from self._members(part)

    def _resolved(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in node:
            found: Any = _document()
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            node = found
        return node


class _Request:
    """A request of httpx as openapi-core wants it."""

    def __init__(self, request: httpx.Request) -> None:
        self.host_url = HOST
        self.path = request.url.path
        self.method = request.method.lower()
        self.body = request.content or None
        self.content_type = request.headers.get("content-type", "").lower()
        # AMPECO says in words that a cursor may be empty, but does not write it down.
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(pair for pair in _query(request) if pair != ("cursor", "")),
            header=Headers(list(request.headers.items())),
        )


class _Response:
    """A response of httpx as openapi-core wants it."""

    def __init__(self, response: httpx.Response) -> None:
        self.status_code = response.status_code
        self.headers = Headers(list(response.headers.items()))
        self.content_type = response.headers.get("content-type", "").lower()
        self.data = response.content


def _query(request: httpx.Request) -> list[tuple[str, str]]:
    return parse_qsl(request.url.query.decode(), keep_blank_values=True)


def _name(request: httpx.Request) -> str:
    return f"{request.method} {request.url.path}"


def _make_parameters_readable(node: object) -> None:
    """Rewrite the parameters that openapi-core cannot read as the document writes them.

    A deep object is nothing without `explode`; an array as one is nothing at all, so that `include`
    is left to `_check_query`.
    """
    if isinstance(node, dict):
        parameters = node.get("parameters")
        if isinstance(parameters, list):
            node["parameters"] = [entry for entry in parameters if entry.get("name") != "include"]
        if node.get("style") == "deepObject":
            node["explode"] = True
        for value in node.values():
            _make_parameters_readable(value)
    elif isinstance(node, list):
        for value in node:
            _make_parameters_readable(value)


def _say_what_is_meant(node: object) -> None:
    """Rewrite schemas that, to the letter, forbid what they mean to allow.

    `nullable` beside an enum or an allOf lets no null through; a `time` would need seconds, while
    all of the document's own examples are hours and minutes.
    """
    if isinstance(node, dict):
        for value in list(node.values()):
            _say_what_is_meant(value)
        if node.get("format") == "time":
            del node["format"]
            node["pattern"] = r"^([01]\d|2[0-4]):[0-5]\d(:[0-5]\d)?$"
        if node.get("nullable") is True:
            if "enum" in node and None not in node["enum"]:
                node["enum"] = [*node["enum"], None]
            if "allOf" in node:
                meant = {key: value for key, value in node.items() if key != "nullable"}
                node.clear()
                node["anyOf"] = [meant, {"type": "string", "nullable": True, "enum": [None]}]
    elif isinstance(node, list):
        for value in node:
            _say_what_is_meant(value)


def _explain(error: BaseException) -> str:
    """Return what is wrong, by place in the body where the error knows one."""
    lines: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        details = getattr(cause, "schema_errors", ())
        # Errors about a body repeat all of it in their text; the places are enough.
        if not details and (not isinstance(cause, ValidateError) or hasattr(cause, "name")):
            lines.append(str(cause) or type(cause).__name__)
        for detail in details:
            lines.append(_place(detail))
            lines.extend(f"  or {_place(branch)}" for branch in detail.context or ())
        cause = cause.__cause__
    return "\n".join(dict.fromkeys(lines)) or type(error).__name__


def _place(detail: Any) -> str:
    where = "/".join(str(part) for part in detail.absolute_path) or "body"
    return f"{where}: {detail.message[:300]}"
