"""The six operations that every collection has, each with the DynamoDB actions that it needs and no others."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

Verb = Literal["read", "write"]
Body = Literal["none", "whole", "patch"]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One way to use a collection.

    `methods` are the HTTP methods that reach it (HEAD is a method of its own in API Gateway); `on_item` tells whether
    its path ends in an item's id; `status` is the answer's when it succeeds; `verb` is the scope it needs; `actions`
    are the DynamoDB actions its function's role is allowed, on its collection's table only.
    """

    name: str
    methods: tuple[str, ...]
    on_item: bool
    status: HTTPStatus
    verb: Verb
    actions: tuple[str, ...]
    body: Body = "none"

    @property
    def method(self) -> str:
        """The method that names the operation: the first one."""
        return self.methods[0]


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        name="list",
        methods=("GET", "HEAD"),
        on_item=False,
        status=HTTPStatus.OK,
        verb="read",
        actions=("dynamodb:Query",),
    ),
    Operation(
        name="create",
        methods=("POST",),
        on_item=False,
        status=HTTPStatus.CREATED,
        verb="write",
        actions=("dynamodb:PutItem",),
        body="whole",
    ),
    Operation(
        name="read",
        methods=("GET", "HEAD"),
        on_item=True,
        status=HTTPStatus.OK,
        verb="read",
        actions=("dynamodb:GetItem",),
    ),
    Operation(
        name="replace",
        methods=("PUT",),
        on_item=True,
        status=HTTPStatus.OK,
        verb="write",
        actions=("dynamodb:UpdateItem",),
        body="whole",
    ),
    Operation(
        name="update",
        methods=("PATCH",),
        on_item=True,
        status=HTTPStatus.OK,
        verb="write",
        actions=("dynamodb:GetItem", "dynamodb:UpdateItem"),
        body="patch",
    ),
    Operation(
        name="delete",
        methods=("DELETE",),
        on_item=True,
        status=HTTPStatus.NO_CONTENT,
        verb="write",
        actions=("dynamodb:DeleteItem",),
    ),
)
