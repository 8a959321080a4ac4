"""CORS preflights, answered by API Gateway itself: a mock integration without an authorizer."""

import json
from collections.abc import Sequence
from typing import Any

REQUEST_HEADERS = ("authorization", "content-type", "idempotency-key", "if-match", "if-none-match")
MAX_AGE = 600
"""How long a browser may remember the answer, in seconds."""


def preflight(methods: Sequence[str], origins: tuple[str, ...]) -> dict[str, Any]:
    """The OPTIONS operation of a path, which allows these methods to these origins.

    One origin is a literal header. Several need Velocity: a response header mapping can only be a literal, so the
    template compares the request's origin and overrides the header.
    """
    headers = {
        "Access-Control-Allow-Methods": ",".join(method.upper() for method in methods),
        "Access-Control-Allow-Headers": ",".join(REQUEST_HEADERS),
        "Access-Control-Max-Age": str(MAX_AGE),
        "Vary": "Origin",
    }
    response: dict[str, Any] = {"statusCode": "204"}
    if len(origins) == 1:
        headers["Access-Control-Allow-Origin"] = origins[0]
    else:
        response["responseTemplates"] = {"application/json": allow_listed_origin(origins)}
    response["responseParameters"] = {f"method.response.header.{name}": f"'{value}'" for name, value in headers.items()}
    declared = {name: {"schema": {"type": "string"}} for name in (*headers, "Access-Control-Allow-Origin")}
    return {
        "responses": {"204": {"description": "No Content", "headers": declared}},
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "passthroughBehavior": "never",
            "requestTemplates": {"application/json": '{"statusCode": 204}'},
            "responses": {"default": response},
        },
    }


def allow_listed_origin(origins: tuple[str, ...]) -> str:
    """Velocity that answers with the request's origin where it is one of these, with no such header otherwise."""
    return (
        "#set($origin = $input.params('Origin'))\n"
        "#if($origin == '')#set($origin = $input.params('origin'))#end\n"
        f"#set($allowed = {json.dumps(list(origins))})\n"
        "#if($allowed.contains($origin))"
        "#set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)"
        "#end"
    )
