"""The responses of each route, for the published document: what succeeds, every problem that can occur, their headers.

A problem is the handlers' or API Gateway's own (`errors.py`); a test holds that each of both is here.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from handlers.contract import OPERATIONS, Collection, Route
from infra.documents.answers import EXAMPLE_CURSOR, EXAMPLE_ID, stored_example
from infra.documents.schemas import REFERENCE

PROBLEM_TYPE = "application/problem+json"
EXAMPLE_REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

HEADER_REFERENCE = "#/components/headers/{name}"
RESPONSE_REFERENCE = "#/components/responses/{name}"


def _header(description: str, schema: dict[str, Any], example: Any, *, required: bool = True) -> dict[str, Any]:
    return {
        "description": description,
        "required": required,
        "schema": {"type": "string", **schema},
        "example": example,
    }


HEADERS: dict[str, dict[str, Any]] = {
    "ETag": _header(
        "Names this state of the item, for `If-Match` and `If-None-Match` (RFC 9110 §8.8.3).",
        {"pattern": r'^"[!#-~]+"$'},
        '"6f1e2d3c4b5a6978"',
    ),
    "Location": _header(
        "Where the new item is, relative to the request's address.",
        {"format": "uri-reference"},
        f"items/{EXAMPLE_ID}",
    ),
    "Cache-Control": _header("What depends on who asks is not stored.", {"const": "no-store"}, "no-store"),
    "X-Content-Type-Options": _header("An answer is what its Content-Type says.", {"const": "nosniff"}, "nosniff"),
    "x-amzn-RequestId": _header(
        "The request's id, `request_id` in problems and logs.", {}, EXAMPLE_REQUEST_ID, required=False
    ),
    "Retry-After": _header(
        "After how many seconds to try again (RFC 9110 §10.2.3).", {"pattern": r"^[0-9]+$"}, "1", required=False
    ),
    "WWW-Authenticate": _header(
        "The challenge (RFC 6750 §3), from API Gateway.",
        {},
        'Bearer realm="api", error="invalid_token"',
        required=False,
    ),
    "x-amzn-Remapped-WWW-Authenticate": _header(
        "The challenge where the token has expired since it was checked: API Gateway renames a function's.",
        {},
        'Bearer error="invalid_token"',
        required=False,
    ),
}
"""Every header that is described, by its name."""

EVERYWHERE = ("Cache-Control", "X-Content-Type-Options", "x-amzn-RequestId")
"""The headers of every answer but API Gateway's own 413."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A status that a request can fail with: the response's `name` among the components, and an example of it."""

    name: str
    description: str
    slug: str
    title: str
    detail: str
    members: tuple[tuple[str, Any], ...] = ()
    headers: tuple[str, ...] = ()

    def response(self, status: int) -> dict[str, Any]:
        """The response, with its body."""
        example = {
            "type": f"urn:gatehouse:problem:{self.slug}",
            "title": self.title,
            "status": status,
            "detail": self.detail,
            "request_id": EXAMPLE_REQUEST_ID,
            **dict(self.members),
        }
        content = {PROBLEM_TYPE: {"schema": {"$ref": REFERENCE.format(name="Problem")}, "example": example}}
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            schema = {"$ref": REFERENCE.format(name="TooLong")}
            content["application/json"] = {"schema": schema, "example": {"message": "Request Too Long"}}
        return {**self.without_body(status), "content": content}

    def without_body(self, status: int) -> dict[str, Any]:
        """The response to a HEAD request."""
        everywhere = () if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else EVERYWHERE
        return {"description": self.description, "headers": _headers(*self.headers, *everywhere)}


FAILURES: dict[int, Failure] = {
    400: Failure(
        name="BadRequest",
        description="The request does not fit this document; `errors` names what is at fault.",
        slug="bad-request",
        title="Bad Request",
        detail="The request does not fit the schema.",
        members=(("errors", [{"field": "name", "detail": "required"}]),),
    ),
    401: Failure(
        name="Unauthorized",
        description="There is no valid token.",
        slug="invalid-token",
        title="Unauthorized",
        detail="A valid bearer token is needed.",
        headers=("WWW-Authenticate", "x-amzn-Remapped-WWW-Authenticate"),
    ),
    403: Failure(
        name="Forbidden",
        description="The token's scopes do not allow this, or its client has no usage plan.",
        slug="insufficient-scope",
        title="Forbidden",
        detail="The token's scopes do not allow this.",
        members=(("scope", "openid"),),
        headers=("WWW-Authenticate",),
    ),
    404: Failure(
        name="NotFound",
        description="There is no such item, or it is another owner's.",
        slug="not-found",
        title="Not Found",
        detail=f"There is no item '{EXAMPLE_ID}'.",
    ),
    409: Failure(
        name="Conflict",
        description="The chosen id is taken.",
        slug="already-exists",
        title="Conflict",
        detail="The id '12345' is taken.",
    ),
    412: Failure(
        name="PreconditionFailed",
        description="The item has changed: `If-Match` does not name its state.",
        slug="precondition-failed",
        title="Precondition Failed",
        detail=f"The item '{EXAMPLE_ID}' has changed.",
    ),
    413: Failure(
        name="TooLarge",
        description="The item is larger than 400 KB, or the request than 10 MB.",
        slug="too-large",
        title="Content Too Large",
        detail="An item may hold 400 KB at most.",
    ),
    415: Failure(
        name="UnsupportedMediaType",
        description="The body's Content-Type is not one of those above, or the body is encoded.",
        slug="unsupported-media-type",
        title="Unsupported Media Type",
        detail="The body's Content-Type has to be application/json, in UTF-8.",
    ),
    422: Failure(
        name="KeyReused",
        description="The `Idempotency-Key` was used with another body.",
        slug="key-reused",
        title="Unprocessable Content",
        detail="The Idempotency-Key was used with another body.",
    ),
    429: Failure(
        name="TooManyRequests",
        description="There were too many requests, or the client's quota is used up.",
        slug="too-many-requests",
        title="Too Many Requests",
        detail="Too many requests.",
        headers=("Retry-After",),
    ),
    500: Failure(
        name="InternalError",
        description="The fault is ours.",
        slug="internal-error",
        title="Internal Server Error",
        detail="The request could not be served. The fault is ours.",
    ),
    502: Failure(
        name="BadGateway",
        description="The function behind the route failed; a write may have been done or not.",
        slug="bad-gateway",
        title="Bad Gateway",
        detail="The request could not be served.",
    ),
    503: Failure(
        name="Unavailable",
        description="The database did not answer, or the token could not be checked; it may succeed later.",
        slug="unavailable",
        title="Service Unavailable",
        detail="The database did not answer in time.",
        headers=("Retry-After",),
    ),
    504: Failure(
        name="Timeout",
        description="The function did not answer in time; a write may have been done or not.",
        slug="timeout",
        title="Gateway Timeout",
        detail="The request was not served in time.",
    ),
}

ALWAYS = (400, 401, 403, 429, 500, 502, 503, 504)
"""What any request may fail with. Parameters that are not described are 400 everywhere."""


def response_components() -> dict[str, Any]:
    """The problems, by their names among the components."""
    return {failure.name: failure.response(status) for status, failure in FAILURES.items()}


def responses(route: Route, method: str) -> dict[str, Any]:
    """The responses of a route to a method, by status. A HEAD request is answered as GET, without the body."""
    found = _successes(route)
    if method == "HEAD":
        bare = {status: {name: each[name] for name in ("description", "headers")} for status, each in found.items()}
        found = bare | {status: FAILURES[status].without_body(status) for status in failures(route)}
    else:
        names = {status: FAILURES[status].name for status in failures(route)}
        found |= {status: {"$ref": RESPONSE_REFERENCE.format(name=name)} for status, name in names.items()}
    return {str(status): found[status] for status in sorted(found)}


def failures(route: Route) -> list[int]:
    """The statuses that a request for the route can fail with."""
    operation = route.operation
    found = {*ALWAYS}
    if operation.body != "none":
        found |= {413, 415}
    if operation.on_item:
        found |= {404}
    if operation.on_item and operation.verb == "write":
        found |= {412}
    if operation.name == "create":
        found |= {409, 422} if route.collection.client_ids else {422}
    return sorted(found)


def _successes(route: Route) -> dict[int, dict[str, Any]]:
    operation, collection = route.operation, route.collection
    tagged = _headers("ETag", *EVERYWHERE)
    item = _content(f"Stored{collection.model.__name__}", stored_example(collection))
    match operation.name:
        case "delete":
            found = {"description": f"The {collection.singular} is deleted.", "headers": _headers(*EVERYWHERE)}
        case "list":
            example = {collection.name: [stored_example(collection)], "next_cursor": EXAMPLE_CURSOR}
            page = _content(f"{collection.model.__name__}Page", example)
            found = {"description": "A page.", "headers": _headers(*EVERYWHERE), "content": page}
        case "create":
            headers = _headers("ETag", "Location", *EVERYWHERE)
            found = {"description": f"The new {collection.singular}.", "headers": headers, "content": item}
            found["links"] = _links(collection)
        case _:
            found = {"description": f"The {collection.singular} as it is now.", "headers": tagged, "content": item}
    answers = {int(operation.status): found}
    if operation.name == "read":
        answers[304] = {"description": "The client has this state already.", "headers": tagged}
    return answers


def _links(collection: Collection) -> dict[str, Any]:
    """What can be done with a new item: whatever has its id in the path."""
    names = [operation.name for operation in OPERATIONS if operation.on_item]
    return {
        name: {"operationId": f"{collection.name}-{name}", "parameters": {"id": "$response.body#/id"}} for name in names
    }


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": HEADER_REFERENCE.format(name=name)} for name in names}


def _content(schema: str, example: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": REFERENCE.format(name=schema)}, "example": example}}
