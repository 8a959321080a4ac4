"""Enforcement of Lambda permissions: API Gateway may invoke a function only if its resource policy allows it.

AWS: a function's resource policy (`AddPermission`) must allow `apigateway.amazonaws.com` for the calling source, which
is `{execution ARN}/authorizers/{id}` for an authorizer and `{execution ARN}/{stage}/{METHOD}{resource path}` for an
integration, with `*` for path parameters. Otherwise the response is a configuration error (500). An integration with
its own credentials needs no permission. MiniStack stores permissions and does not check them.
"""

from __future__ import annotations

import re
from typing import Any

from local.emulator.data_plane import gateway_error
from local.emulator.ministack_internals import (
    FUNCTIONS,
    POLICIES,
    REST,
    GatewayError,
    Original,
    Response,
    Result,
    internal,
    patch,
)

_PATH_PARAMETER = re.compile(r"\{[^}]+\}")


def apply() -> None:
    """Check the permission before each invocation."""
    patch(REST, "_invoke_authorizer_lambda", _invoke_authorizer)
    patch(REST, "_invoke_lambda_proxy_v1", _invoke)


async def _invoke_authorizer(
    original: Original, authorizer: dict[str, Any], event: dict[str, Any], account: str, region: str
) -> Result:
    source = f"{event['methodArn'].partition('/')[0]}/authorizers/{authorizer['id']}"
    has_role = bool(authorizer.get("authorizerCredentials"))
    if has_role or is_permitted(authorizer.get("authorizerUri", ""), source, account, region):
        return await original(authorizer, event, account, region)
    return None  # MiniStack answers with AUTHORIZER_CONFIGURATION_ERROR


async def _invoke(
    original: Original,
    integration: dict[str, Any],
    api_id: str,
    stage_name: str,
    stage: dict[str, Any],
    resource: dict[str, Any],
    path: str,
    method: str,
    *arguments: object,
    owner_account_id: str,
    owner_region: str,
    **named: object,
) -> Response | GatewayError:
    resource_path = _PATH_PARAMETER.sub("*", resource["path"])
    source = f"arn:aws:execute-api:{owner_region}:{owner_account_id}:{api_id}/{stage_name}/{method}{resource_path}"
    uri: str = integration.get("uri", "")
    if integration.get("credentials") or is_permitted(uri, source, owner_account_id, owner_region):
        named |= {"owner_account_id": owner_account_id, "owner_region": owner_region}
        return await original(integration, api_id, stage_name, stage, resource, path, method, *arguments, **named)
    return gateway_error("API_CONFIGURATION_ERROR")


def is_permitted(uri: str, source_arn: str, account: str, region: str) -> bool:
    """Return whether the policy of the function at this URI allows API Gateway to invoke it for a source."""
    function_arn = internal(REST, "_extract_lambda_ref_from_integration_uri")(uri)
    name = internal(FUNCTIONS, "_get_func_record_for_ref_in_scope")(function_arn, account_id=account, region=region)[2]
    # The record of an alias has no policy; statements in the function's policy name the alias.
    function = internal(FUNCTIONS, "_functions").get_scoped(account, region, name)
    if function is None:
        return True  # MiniStack reports the missing function
    context = internal(POLICIES, "EvalContext")("", "Service", account, "lambda:InvokeFunction", function_arn, region)
    context.service_context = {"aws:sourcearn": source_arn, "aws:sourceaccount": account}
    evaluate = internal(POLICIES, "evaluate_resource_policy")
    return evaluate(function["policy"], context, service="apigateway.amazonaws.com").decision == "Allow"
