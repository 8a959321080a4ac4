"""The operations that every collection has. All that differs between two operations is in their entries here."""

from http import HTTPStatus
from typing import Final, Literal

import msgspec

from handlers.contract import problem
from handlers.contract.headers import IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, RequestHeader
from handlers.contract.problem import Problem

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
"""JSON Merge Patch (RFC 7396)."""

MEDIA_TYPES: Final = {"none": (), "whole": (JSON,), "patch": (MERGE_PATCH, JSON)}
"""The media types of each kind of request body; the first is preferred."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One way to use a collection. The module `handlers.<name>` serves it.

    `methods` are the HTTP methods of its routes; the first one names it, and HEAD is a separate one in API Gateway. Its
    path ends in an item's id if `on_item`. `status` is that of success, `verb` is part of the scope that a token needs,
    `body` and `response` are the kinds of request and response bodies, and `actions` are the DynamoDB actions that the
    function's role allows, on its collection's table only. `problems` are those that it can respond with besides
    `HANDLER_PROBLEMS`, `WRITE_PROBLEMS` and `GATEWAY_PROBLEMS`.

    `summary`, `description` and `success` (of the response) are for the OpenAPI document; there, `{items}`, `{an_item}`
    and `{item}` stand for the collection's name and its singular, `{order}` for the orders of its list, and
    `{consistency}` for what the list guarantees.
    """

    name: str
    methods: tuple[str, ...]
    on_item: bool = False
    status: HTTPStatus = HTTPStatus.OK
    verb: Literal["read", "write"]
    actions: tuple[str, ...]
    summary: str
    description: str
    success: str
    problems: tuple[Problem, ...] = ()
    request_headers: tuple[RequestHeader, ...] = ()
    body: Literal["none", "whole", "patch"] = "none"
    response: Literal["none", "item", "page"] = "item"

    @property
    def method(self) -> str:
        """The first method, which names the operation."""
        return self.methods[0]

    @property
    def creates(self) -> bool:
        """Whether the operation creates an item: the response then has a Location header."""
        return self.status is HTTPStatus.CREATED

    @property
    def reads_indexes(self) -> bool:
        """Whether the operation reads the table's indexes, which only queries do."""
        return "dynamodb:Query" in self.actions

    @property
    def media_types(self) -> tuple[str, ...]:
        """The media types of the request body; the first is preferred."""
        return MEDIA_TYPES[self.body]


HANDLER_PROBLEMS: Final = (problem.BAD_REQUEST, problem.INVALID_TOKEN, problem.INTERNAL_ERROR, problem.UNAVAILABLE)
"""The problems that every handler can respond with."""

WRITE_PROBLEMS: Final = (problem.READ_ONLY,)
"""The problems that every handler of a write can respond with besides."""

GATEWAY_PROBLEMS: Final = (
    problem.INSUFFICIENT_SCOPE, problem.FORBIDDEN, problem.TOO_MANY_REQUESTS, problem.QUOTA_EXCEEDED,
    problem.BAD_GATEWAY, problem.TIMEOUT,
)  # fmt: skip
"""The problems that API Gateway can respond with on every route, and handlers do not."""

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        name="list",
        methods=("GET", "HEAD"),
        verb="read",
        actions=("dynamodb:Query",),
        summary="List {items}",
        description="Returns a page of {items} {order}. {consistency}",
        success="A page of {items}.",
        response="page",
    ),
    Operation(
        name="create",
        methods=("POST",),
        status=HTTPStatus.CREATED,
        verb="write",
        actions=("dynamodb:PutItem",),
        summary="Create {an_item}",
        description="Creates {an_item} and returns it. With an `Idempotency-Key`, a retry creates no second one.",
        success="The new {item}.",
        problems=(problem.ALREADY_EXISTS, problem.TOO_LARGE, problem.UNSUPPORTED_MEDIA_TYPE, problem.KEY_REUSED),
        request_headers=(IDEMPOTENCY_KEY,),
        body="whole",
    ),
    Operation(
        name="read",
        methods=("GET", "HEAD"),
        on_item=True,
        verb="read",
        actions=("dynamodb:GetItem",),
        summary="Read {an_item}",
        description="Returns {an_item} as it was last written.",
        success="The {item}.",
        problems=(problem.NOT_FOUND,),
        request_headers=(IF_NONE_MATCH,),
    ),
    Operation(
        name="replace",
        methods=("PUT",),
        on_item=True,
        verb="write",
        actions=("dynamodb:UpdateItem",),
        summary="Replace {an_item}",
        description="Replaces every field of an existing {item}; a field that is left out gets its default.",
        success="The {item} after the change.",
        problems=(problem.NOT_FOUND, problem.PRECONDITION_FAILED, problem.TOO_LARGE, problem.UNSUPPORTED_MEDIA_TYPE),
        request_headers=(IF_MATCH,),
        body="whole",
    ),
    Operation(
        name="update",
        methods=("PATCH",),
        on_item=True,
        verb="write",
        actions=("dynamodb:GetItem", "dynamodb:UpdateItem"),
        summary="Change some fields of {an_item}",
        description="Changes the fields that the JSON Merge Patch (RFC 7396) names and keeps all others.",
        success="The {item} after the change.",
        problems=(problem.NOT_FOUND, problem.PRECONDITION_FAILED, problem.TOO_LARGE, problem.UNSUPPORTED_MEDIA_TYPE),
        request_headers=(IF_MATCH,),
        body="patch",
    ),
    Operation(
        name="delete",
        methods=("DELETE",),
        on_item=True,
        status=HTTPStatus.NO_CONTENT,
        verb="write",
        actions=("dynamodb:DeleteItem",),
        summary="Delete {an_item}",
        description="Deletes {an_item}.",
        success="The {item} is deleted.",
        problems=(problem.NOT_FOUND, problem.PRECONDITION_FAILED),
        request_headers=(IF_MATCH,),
        response="none",
    ),
)
