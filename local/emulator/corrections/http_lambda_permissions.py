"""Enforcement of Lambda permissions for HTTP APIs.

AWS: as for REST APIs, a function's resource policy must allow API Gateway to invoke it for the calling source, which is
`{execution ARN}/authorizers/{id}` for an authorizer and `{execution ARN}/{stage}/{METHOD}{route path}` for an
integration. Otherwise the response is 500. MiniStack stores permissions and does not check them.
"""

from __future__ import annotations

from typing import Any

from local.emulator.corrections.lambda_permissions import is_permitted
from local.emulator.http_data_plane import INTERNAL_ERROR, current_http_request
from local.emulator.ministack_internals import HTTP, Original, Response, patch


def apply() -> None:
    """Check the permission before each invocation."""
    patch(HTTP, "_invoke_request_authorizer_lambda", _invoke_authorizer)
    patch(HTTP, "_invoke_lambda_proxy", _invoke)


async def _invoke_authorizer(
    original: Original, authorizer: dict[str, Any], event: dict[str, Any], account: str, region: str
) -> dict[str, Any] | None:
    source = f"{event['routeArn'].partition('/')[0]}/authorizers/{authorizer['authorizerId']}"
    has_role = bool(authorizer.get("authorizerCredentialsArn"))
    if has_role or is_permitted(authorizer.get("authorizerUri", ""), source, account, region):
        return await original(authorizer, event, account, region)
    return None  # MiniStack answers 500


async def _invoke(original: Original, integration: dict[str, Any], *arguments: object, **named: object) -> Response:
    request = current_http_request()
    if request is None:
        return await original(integration, *arguments, **named)
    path = request.route["routeKey"].partition(" ")[2]
    source = f"{request.source_arn}/{request.stage_name}/{request.method}{path}"
    if is_permitted(integration.get("integrationUri", ""), source, request.account, request.region):
        return await original(integration, *arguments, **named)
    request.integration_error = "The IAM role configured on the integration or API Gateway doesn't have permissions."
    return INTERNAL_ERROR
