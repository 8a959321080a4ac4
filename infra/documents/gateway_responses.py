"""API Gateway's own error responses as problem details (RFC 9457), one per type of error.

Templates only substitute variables, and headers are literals or request values (AWS, "Gateway responses in API
Gateway"). REQUEST_TOO_LARGE (413) has no entry, because its default response, `{"message": …}`, cannot be customised.
DEFAULT_4XX and DEFAULT_5XX have no `status` member, which RFC 9457 §3.1.2 allows: they stand for many statuses, and no
variable contains the one that is sent. (`$context.status` is for access logs, and empty in a gateway response.)
"""

import json
from typing import Any

from msgspec.structs import replace

from handlers.contract import Problem, problem
from handlers.contract.problem import PROBLEM_JSON
from infra.api.cors import Cors

MESSAGE = "$context.error.messageString"
"""The variable with the error's message, which includes its quotation marks."""


INVALID_KEY = "The header x-api-key must contain a valid API key."


def gateway_problems(*, rejects_clients: bool = False, requires_keys: bool = False) -> dict[str, Problem]:
    """Return the problem of each type of error that can be customised.

    `rejects_clients` is whether the authorizer also denies clients that have no usage plan. One response then stands
    for both reasons, and so does its challenge: "higher privileges than provided by the access token". `requires_keys`
    is whether clients send an API key.
    """
    denied = replace(problem.INSUFFICIENT_SCOPE, members={"scope": "$context.authorizer.scope"})
    if rejects_clients:
        detail = "The token's scopes do not allow this request, or the client has no usage plan."
        denied = replace(denied, slug=problem.FORBIDDEN.slug, detail=detail)
    unavailable = replace(problem.UNAVAILABLE, detail="The token cannot be checked now.", retry_after=5)
    no_plan = replace(problem.FORBIDDEN, detail=INVALID_KEY) if requires_keys else problem.FORBIDDEN
    signature = replace(problem.FORBIDDEN, detail="The request's signature is not accepted.")
    bad_request = replace(problem.BAD_REQUEST, members={})
    return {
        "UNAUTHORIZED": problem.INVALID_TOKEN,
        "ACCESS_DENIED": denied,
        "AUTHORIZER_FAILURE": unavailable,
        "AUTHORIZER_CONFIGURATION_ERROR": unavailable,
        "MISSING_AUTHENTICATION_TOKEN": replace(problem.NOT_FOUND, detail="The path or its method does not exist."),
        "RESOURCE_NOT_FOUND": replace(problem.NOT_FOUND, detail="The path does not exist."),
        "BAD_REQUEST_PARAMETERS": replace(bad_request, detail=MESSAGE),
        "BAD_REQUEST_BODY": replace(bad_request, detail="The body does not match the schema."),
        "UNSUPPORTED_MEDIA_TYPE": problem.UNSUPPORTED_MEDIA_TYPE,
        "THROTTLED": problem.TOO_MANY_REQUESTS,
        "QUOTA_EXCEEDED": problem.QUOTA_EXCEEDED,
        "INVALID_API_KEY": no_plan,
        "INVALID_SIGNATURE": signature,
        "EXPIRED_TOKEN": signature,
        "WAF_FILTERED": replace(problem.FORBIDDEN, detail="A firewall rule rejected the request."),
        "INTEGRATION_FAILURE": problem.BAD_GATEWAY,
        "INTEGRATION_TIMEOUT": problem.TIMEOUT,
        "API_CONFIGURATION_ERROR": problem.INTERNAL_ERROR,
    }


DEFAULTS = {
    "DEFAULT_4XX": replace(problem.BAD_REQUEST, detail="The request was rejected.", members={}),
    "DEFAULT_5XX": problem.INTERNAL_ERROR,
}
"""The problems of all other types of errors. Each type keeps its status, so the body cannot contain it."""


def gateway_responses(
    realm: str, cors: Cors, *, rejects_clients: bool = False, requires_keys: bool = False
) -> dict[str, Any]:
    """Return the document's `x-amazon-apigateway-gateway-responses`."""
    customised = {
        kind: {"statusCode": str(each.status), **_response(each, _body(each), realm, cors)}
        for kind, each in gateway_problems(rejects_clients=rejects_clients, requires_keys=requires_keys).items()
    }
    defaults = {
        kind: _response(each, {key: value for key, value in _body(each).items() if key != "status"}, realm, cors)
        for kind, each in DEFAULTS.items()
    }
    return customised | defaults


def _body(found: Problem) -> dict[str, Any]:
    return found.body("$context.requestId", **found.members)


def _response(found: Problem, body: dict[str, Any], realm: str, cors: Cors) -> dict[str, Any]:
    headers = {
        "Content-Type": PROBLEM_JSON,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        **found.headers(realm),
    }
    mapped = {name: f"'{value}'" for name, value in headers.items()} | cors_headers(cors)
    template = json.dumps(body, separators=(",", ":")).replace(f'"{MESSAGE}"', MESSAGE)
    return {
        "responseTemplates": {"application/json": template},
        "responseParameters": {f"gatewayresponse.header.{name}": value for name, value in mapped.items()},
    }


def cors_headers(cors: Cors) -> dict[str, str]:
    """Return the CORS headers of errors: the one origin, or the request's if there are several.

    Where the request's origin is reflected, any page gets it, so that it must not send credentials.
    """
    if not cors.origins:
        return {}
    reflects = len(cors.origins) > 1
    allowed = "method.request.header.Origin" if reflects else f"'{cors.origins[0]}'"
    return {
        "Access-Control-Allow-Origin": allowed,
        **({"Access-Control-Allow-Credentials": "'true'"} if cors.credentials and not reflects else {}),
        "Access-Control-Expose-Headers": f"'{cors.expose_headers}'",
        "Vary": "'Origin'",
    }
