"""Conversion of API Gateway's events to requests, and of responses to events, in payload formats 1.0 and 2.0."""

import base64
import binascii
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn, cast
from urllib.parse import parse_qsl

import msgspec

from handlers.contract.operation import JSON
from handlers.contract.problem import UNSUPPORTED_MEDIA_TYPE
from handlers.errors import BadRequest, ProblemError
from handlers.json_values import storage_errors

_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request. Header names are in lower case; `path` is what the client requested, with the stage's prefix."""

    method: str
    path: str
    item_id: str = ""
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    authorizer: Mapping[str, Any] = field(default_factory=dict[str, Any])
    stage_variables: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "Request":
        """Convert an event of either payload format. Raises BadRequest for a repeated parameter or an invalid body."""
        context: Mapping[str, Any] = event["requestContext"]
        if event.get("version") == "2.0":
            method, path = context["http"]["method"], event["rawPath"]
        else:
            method, path = event["httpMethod"], context["path"]
        return cls(
            method=method,
            path=path,
            item_id=_mapping(event.get("pathParameters")).get("id", ""),
            query=_query(event),
            headers={name.lower(): value for name, value in _mapping(event.get("headers")).items()},
            body=_body(event),
            authorizer=authorizer_context(event),
            stage_variables=_mapping(event.get("stageVariables")),
        )

    def json_object(self, *media_types: str) -> dict[str, Any]:
        """Parse the body as a JSON object; numbers stay exact.

        Raises a 415 error if its Content-Type is not one of the media types, and BadRequest if it is not a JSON object,
        is ambiguous (a repeated member, NaN), or contains a value that DynamoDB cannot store.
        """
        self._require_media_type(media_types)
        try:
            value = json.loads(
                self.body.decode(), object_pairs_hook=_members, parse_float=Decimal, parse_constant=_reject_constant
            )
        except (ValueError, RecursionError) as error:
            raise BadRequest(f"The body is not valid JSON: {_reason(error)}.") from None
        if not isinstance(value, dict):
            raise BadRequest("The body must be a JSON object.")
        if errors := tuple(storage_errors(value, "")):
            raise BadRequest("The body contains values that cannot be stored.", errors)
        return cast("dict[str, Any]", value)

    def _require_media_type(self, allowed: tuple[str, ...]) -> None:
        declared, _, parameters = self.headers.get("content-type", "").lower().partition(";")
        charset = parameters.partition("charset=")[2].partition(";")[0].strip(' "')
        if declared.strip() not in allowed or charset not in ("", "utf-8"):
            detail = f"The body's Content-Type must be {' or '.join(allowed)}, in UTF-8."
            raise ProblemError(UNSUPPORTED_MEDIA_TYPE, detail)
        if self.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise ProblemError(UNSUPPORTED_MEDIA_TYPE, "The body must not have a Content-Encoding.")


@dataclass(frozen=True, kw_only=True)
class Response:
    """A response: `document` becomes the JSON body; None leaves the body empty. `problem` is the slug of an error."""

    status: int
    document: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    media_type: str = JSON
    problem: str = ""

    def to_event(self, more_headers: Mapping[str, str], *, with_body: bool) -> dict[str, Any]:
        """Convert the response to a proxy integration's; the response to a HEAD request has no body."""
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **self.headers, **more_headers}
        if self.document is not None:
            headers["Content-Type"] = self.media_type
        body = _ENCODER.encode(self.document).decode() if self.document is not None else ""
        return {"statusCode": int(self.status), "headers": headers, "body": body if with_body else ""}


def authorizer_context(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the authorizer's context in an event of either payload format; empty if it has none."""
    context = _mapping(_mapping(event.get("requestContext")).get("authorizer"))
    return _mapping(context.get("lambda")) if event.get("version") == "2.0" else context


def _mapping(value: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return a mapping that API Gateway sends as null if it is empty."""
    return value or {}


def _query(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the query parameters. Raises BadRequest if one is repeated, because its meaning would be ambiguous.

    In payload format 2.0, `queryStringParameters` joins the values with commas, so only the raw query string shows it.
    """
    if event.get("version") == "2.0":
        names = Counter(name for name, _ in parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True))
        repeated = sorted(name for name, count in names.items() if count > 1)
    else:
        several = _mapping(event.get("multiValueQueryStringParameters"))
        repeated = sorted(name for name, values in several.items() if len(values) > 1)
    if repeated:
        raise BadRequest(f"Query parameters must not be repeated: {', '.join(repeated)}.")
    return dict(_mapping(event.get("queryStringParameters")))


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise BadRequest("The body is not valid base64.") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise ValueError(f"member {name!r} is repeated")
        members[name] = value
    return members


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno} column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
