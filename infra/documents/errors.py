"""API Gateway's own errors as problem details (RFC 9457), one gateway response per type.

Templates are plain substitution, and headers are literals or request values (AWS, "Gateway responses in API Gateway").
Two of its errors are less than that:

- REQUEST_TOO_LARGE (413) has no entry, because its default response cannot be customised (API Gateway Developer Guide).
  It is plain JSON, `{"message": …}`.
- DEFAULT_4XX and DEFAULT_5XX have no `status` member, which RFC 9457 §3.1.2 allows. They stand for many statuses, and
  no variable that a template can use holds the one that is sent: `$context.status` is for access logs, and renders as
  nothing in a gateway response, which would leave a body that is not JSON.
"""

import json
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from handlers.contract.cors import EXPOSE_HEADERS


@dataclass(frozen=True, kw_only=True)
class ErrorResponse:
    """How one type of error is answered; `detail` is a literal, or a `$context` variable that is `quoted` already."""

    status: HTTPStatus
    slug: str
    detail: str
    quoted: bool = False
    members: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    def template(self) -> str:
        """The body. `$context.error.messageString` comes with its quotes, all else is put between quotes here."""
        detail = self.detail if self.quoted else json.dumps(self.detail)
        members = "".join(f',"{name}":"{value}"' for name, value in self.members)
        return (
            f'{{"type":"urn:gatehouse:problem:{self.slug}","title":"{self.status.phrase}","status":{int(self.status)},'
            f'"detail":{detail},"request_id":"$context.requestId"{members}}}'
        )


def _retry(seconds: int) -> tuple[tuple[str, str], ...]:
    return (("Retry-After", str(seconds)),)


def _challenge(realm: str, error: str) -> tuple[tuple[str, str], ...]:
    """The challenge of RFC 6750 §3. Gateway responses have no logic, so it is the same whatever was wrong."""
    return (("WWW-Authenticate", f'Bearer realm="{realm}", error="{error}"'),)


def error_responses(realm: str, *, refuses_clients: bool = False) -> dict[str, ErrorResponse]:
    """Every type that can be customised, by its name.

    `refuses_clients` is whether the authorizer also denies clients that have no usage plan.
    """
    denied = ErrorResponse(
        status=HTTPStatus.FORBIDDEN,
        slug="insufficient-scope",
        detail="The token's scopes do not allow this.",
        members=(("scope", "$context.authorizer.scope"),),
        headers=_challenge(realm, "insufficient_scope"),
    )
    if refuses_clients:
        # One answer for both reasons; the challenge fits both: "higher privileges than provided by the access token".
        either = "The token's scopes do not allow this, or its client has no usage plan."
        denied = replace(denied, slug="forbidden", detail=either)
    unavailable = ErrorResponse(
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        slug="unavailable",
        detail="The token could not be checked now.",
        headers=_retry(5),
    )
    signature = ErrorResponse(
        status=HTTPStatus.FORBIDDEN, slug="forbidden", detail="The request's signature is not accepted."
    )
    return {
        "UNAUTHORIZED": ErrorResponse(
            status=HTTPStatus.UNAUTHORIZED,
            slug="invalid-token",
            detail="A valid bearer token is needed.",
            headers=_challenge(realm, "invalid_token"),
        ),
        "ACCESS_DENIED": denied,
        "AUTHORIZER_FAILURE": unavailable,
        "AUTHORIZER_CONFIGURATION_ERROR": unavailable,
        "MISSING_AUTHENTICATION_TOKEN": ErrorResponse(
            status=HTTPStatus.NOT_FOUND, slug="not-found", detail="There is no such path, or it has no such method."
        ),
        "RESOURCE_NOT_FOUND": ErrorResponse(
            status=HTTPStatus.NOT_FOUND, slug="not-found", detail="There is no such path."
        ),
        "BAD_REQUEST_PARAMETERS": ErrorResponse(
            status=HTTPStatus.BAD_REQUEST, slug="bad-request", detail="$context.error.messageString", quoted=True
        ),
        "BAD_REQUEST_BODY": ErrorResponse(
            status=HTTPStatus.BAD_REQUEST, slug="bad-request", detail="The body does not fit the schema."
        ),
        "UNSUPPORTED_MEDIA_TYPE": ErrorResponse(
            status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            slug="unsupported-media-type",
            detail="The body's Content-Type is not supported.",
        ),
        "THROTTLED": ErrorResponse(
            status=HTTPStatus.TOO_MANY_REQUESTS,
            slug="too-many-requests",
            detail="Too many requests.",
            headers=_retry(1),
        ),
        "QUOTA_EXCEEDED": ErrorResponse(
            status=HTTPStatus.TOO_MANY_REQUESTS,
            slug="quota-exceeded",
            detail="The client's quota is used up.",
            headers=_retry(3600),
        ),
        "INVALID_API_KEY": ErrorResponse(
            status=HTTPStatus.FORBIDDEN, slug="forbidden", detail="The client has no usage plan."
        ),
        "INVALID_SIGNATURE": signature,
        "EXPIRED_TOKEN": signature,
        "WAF_FILTERED": ErrorResponse(
            status=HTTPStatus.FORBIDDEN, slug="forbidden", detail="The request was refused by a firewall rule."
        ),
        "INTEGRATION_FAILURE": ErrorResponse(
            status=HTTPStatus.BAD_GATEWAY, slug="bad-gateway", detail="The request could not be served."
        ),
        "INTEGRATION_TIMEOUT": ErrorResponse(
            status=HTTPStatus.GATEWAY_TIMEOUT, slug="timeout", detail="The request was not served in time."
        ),
        "API_CONFIGURATION_ERROR": ErrorResponse(
            status=HTTPStatus.INTERNAL_SERVER_ERROR, slug="internal-error", detail="The request could not be served."
        ),
    }


@dataclass(frozen=True, kw_only=True)
class DefaultResponse:
    """The response for every type without an entry. Each type keeps its status code, so the body cannot hold it."""

    slug: str
    title: str

    def template(self) -> str:
        """The body."""
        return (
            f'{{"type":"urn:gatehouse:problem:{self.slug}","title":"{self.title}",'
            '"detail":"The request could not be served.","request_id":"$context.requestId"}'
        )


def gateway_responses(realm: str, origins: tuple[str, ...], *, refuses_clients: bool = False) -> dict[str, Any]:
    """The document's `x-amazon-apigateway-gateway-responses`."""
    own = {
        kind: {
            "statusCode": str(int(response.status)),
            **_rendered(response.template(), dict(response.headers), origins),
        }
        for kind, response in error_responses(realm, refuses_clients=refuses_clients).items()
    }
    bad_request = DefaultResponse(slug="bad-request", title="Bad Request")
    internal = DefaultResponse(slug="internal-error", title="Internal Server Error")
    return own | {
        "DEFAULT_4XX": _rendered(bad_request.template(), {}, origins),
        "DEFAULT_5XX": _rendered(internal.template(), {}, origins),
    }


def _rendered(template: str, headers: dict[str, str], origins: tuple[str, ...]) -> dict[str, Any]:
    literal = {
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        **headers,
    }
    mapped = {name: f"'{value}'" for name, value in literal.items()} | cors_headers(origins)
    return {
        "responseTemplates": {"application/json": template},
        "responseParameters": {f"gatewayresponse.header.{name}": value for name, value in mapped.items()},
    }


def cors_headers(origins: tuple[str, ...]) -> dict[str, str]:
    """CORS headers of errors: the one origin, or the request's own where there are several, never with credentials."""
    if not origins:
        return {}
    allowed = f"'{origins[0]}'" if len(origins) == 1 else "method.request.header.Origin"
    return {
        "Access-Control-Allow-Origin": allowed,
        "Access-Control-Expose-Headers": f"'{EXPOSE_HEADERS}'",
        "Vary": "'Origin'",
    }
