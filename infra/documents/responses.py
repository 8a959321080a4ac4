"""The responses of each route in the OpenAPI document: of success, and every problem, with their headers."""

from collections.abc import Iterable
from http import HTTPStatus
from itertools import groupby
from typing import Any

from handlers.contract import OPERATIONS, Collection, Problem, Route
from handlers.contract.entity_tags import EntityTag
from handlers.contract.headers import IF_MATCH, IF_NONE_MATCH
from handlers.contract.operation import HANDLER_PROBLEMS, JSON
from handlers.contract.problem import PROBLEM_JSON
from infra.documents.response_schemas import EXAMPLE_CURSOR, EXAMPLE_ID, stored_example
from infra.documents.schemas import REFERENCE, type_schema

EXAMPLE_REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"


def _header(description: str, schema: dict[str, Any], example: Any, *, required: bool = True) -> dict[str, Any]:
    schema = {"type": "string", **schema}
    return {"description": description, "required": required, "schema": schema, "example": example}


HEADERS: dict[str, dict[str, Any]] = {
    "ETag": _header(
        "Identifies the current state of the item, for `If-Match` and `If-None-Match` (RFC 9110 §8.8.3).",
        type_schema(EntityTag),
        IF_MATCH.example,
    ),
    "Location": _header(
        "The new item's URL, relative to the request's.", {"format": "uri-reference"}, f"items/{EXAMPLE_ID}"
    ),
    "Cache-Control": _header(
        "Responses depend on the caller and must not be stored.", {"const": "no-store"}, "no-store"
    ),
    "X-Content-Type-Options": _header("Browsers must not guess another Content-Type.", {"const": "nosniff"}, "nosniff"),
    "x-amzn-RequestId": _header(
        "The request's id, which is `request_id` in problems and in the logs.", {}, EXAMPLE_REQUEST_ID, required=False
    ),
    "Retry-After": _header(
        "The seconds to wait before a retry (RFC 9110 §10.2.3).", {"pattern": r"^[0-9]+$"}, "1", required=False
    ),
    "Sunset": _header(
        "When the item expires, unless it is written again (RFC 8594). Without the header, it does not expire.",
        {},
        "Sat, 20 Feb 2027 14:03:00 GMT",
        required=False,
    ),
    "WWW-Authenticate": _header(
        "The challenge (RFC 6750 §3), from API Gateway.",
        {},
        'Bearer realm="api", error="invalid_token"',
        required=False,
    ),
    "x-amzn-Remapped-WWW-Authenticate": _header(
        "The challenge, from a function: API Gateway renames it.", {}, 'Bearer error="invalid_token"', required=False
    ),
}
"""The response headers by name."""

COMMON_HEADERS = ("Cache-Control", "X-Content-Type-Options", "x-amzn-RequestId")
"""The headers of every response."""


def response_components(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the responses of the routes' problems, by their names among the components."""
    groups = (group for route in routes for group in _by_status(route).values())
    return {_component_name(group): _problem_response(group) for group in groups}


def responses(route: Route, method: str) -> dict[str, Any]:
    """Return the responses to a method of a route by status. HEAD gets the responses to GET without their bodies."""
    successes, problems = _successes(route), _by_status(route)
    if method == "HEAD":
        found = successes | {status: _problem_response(group) for status, group in problems.items()}
        found = {status: {key: each[key] for key in ("description", "headers")} for status, each in found.items()}
    else:
        found = successes | {
            status: {"$ref": f"#/components/responses/{_component_name(group)}"} for status, group in problems.items()
        }
    return {str(status): found[status] for status in sorted(found)}


def _by_status(route: Route) -> dict[int, list[Problem]]:
    """Return the route's problems by status: a document has one response per status."""
    problems = sorted(route.problems, key=lambda problem: problem.status)
    return {status: list(group) for status, group in groupby(problems, key=lambda problem: problem.status)}


def _component_name(problems: list[Problem]) -> str:
    return "Or".join("".join(map(str.capitalize, problem.slug.split("-"))) for problem in problems)


def _problem_response(problems: list[Problem]) -> dict[str, Any]:
    headers = [name for problem in problems for name in _problem_headers(problem)]
    examples = {problem.slug: {"value": problem.body(EXAMPLE_REQUEST_ID, **problem.members)} for problem in problems}
    texts = {problem.slug: problem.description or problem.detail for problem in problems}
    lines = [f"- `{slug}`: {text}" for slug, text in texts.items()] if len(texts) > 1 else texts.values()
    return {
        "description": "\n".join(lines),
        "headers": _headers(*headers, *COMMON_HEADERS),
        "content": {PROBLEM_JSON: {"schema": {"$ref": REFERENCE.format(name="Problem")}, "examples": examples}},
    }


def _problem_headers(problem: Problem) -> list[str]:
    """Return the names of a problem's headers. API Gateway renames the challenge of a response that a handler sends."""
    names = list(problem.headers())
    renamed = [f"x-amzn-Remapped-{name}" for name in names if name == "WWW-Authenticate"]
    return names + (renamed if problem in HANDLER_PROBLEMS else [])


def _successes(route: Route) -> dict[int, dict[str, Any]]:
    operation, collection = route.operation, route.collection
    tag = ["ETag"] if operation.response == "item" else []
    sunset = ["Sunset"] if operation.response == "item" else []
    location = ["Location"] if operation.creates else []
    success = {
        "description": route.describe(operation.success),
        "headers": _headers(*tag, *sunset, *location, *COMMON_HEADERS),
        **_content(route),
        **({"links": _links(collection)} if operation.creates else {}),
    }
    not_modified = {"description": "The client already has this state.", "headers": _headers(*tag, *COMMON_HEADERS)}
    conditional = IF_NONE_MATCH in operation.request_headers
    return {int(operation.status): success} | ({int(HTTPStatus.NOT_MODIFIED): not_modified} if conditional else {})


def _content(route: Route) -> dict[str, Any]:
    """Return the body of success, if the operation has one."""
    collection, model = route.collection, route.collection.model.__name__
    item = stored_example(collection)
    page = {collection.name: [item], "next_cursor": EXAMPLE_CURSOR}
    bodies: dict[str, tuple[str, Any]] = {"item": (f"Stored{model}", item), "page": (f"{model}Page", page)}
    if route.operation.response not in bodies:
        return {}
    name, example = bodies[route.operation.response]
    return {"content": {JSON: {"schema": {"$ref": REFERENCE.format(name=name)}, "example": example}}}


def _links(collection: Collection) -> dict[str, Any]:
    """Return what a client can do next with a new item: every operation with an id in its path."""
    names = [operation.name for operation in OPERATIONS if operation.on_item]
    return {
        name: {"operationId": f"{collection.name}-{name}", "parameters": {"id": "$response.body#/id"}} for name in names
    }


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
