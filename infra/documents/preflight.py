"""CORS preflights, which API Gateway answers itself: a mock integration without an authorizer."""

import json
from collections.abc import Sequence
from typing import Any

from infra.api.cors import Cors


def preflight(methods: Sequence[str], cors: Cors) -> dict[str, Any]:
    """Return the OPTIONS operation of a path, which allows these methods from the allowed origins.

    One origin is a literal header. Several need Velocity: a response header mapping can only be a literal, so the
    template compares the request's origin and overrides the header.
    """
    headers = {
        "Access-Control-Allow-Methods": ",".join(method.upper() for method in methods),
        "Access-Control-Allow-Headers": ",".join(cors.allowed_headers),
        "Access-Control-Max-Age": str(cors.max_age),
        "Vary": "Origin",
        **({"Access-Control-Allow-Credentials": "true"} if cors.credentials else {}),
    }
    response: dict[str, Any] = {"statusCode": "204"}
    if len(cors.origins) == 1:
        headers["Access-Control-Allow-Origin"] = cors.origins[0]
    else:
        response["responseTemplates"] = {"application/json": allow_listed_origin(cors.origins)}
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
    """Return Velocity that sets the header to the request's origin if it is in the list, and leaves it out if not."""
    return (
        "#set($origin = $input.params('Origin'))\n"
        "#if($origin == '')#set($origin = $input.params('origin'))#end\n"
        f"#set($allowed = {json.dumps(list(origins))})\n"
        "#if($allowed.contains($origin))"
        "#set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)"
        "#end"
    )
