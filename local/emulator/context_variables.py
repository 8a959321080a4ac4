"""The `$context` variables of a REST request, for gateway responses, mapping templates and access logs.

AWS: "API Gateway mapping template and access logging variable reference".
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from local.emulator.ministack_internals import RESPONSES, REST, internal

if TYPE_CHECKING:
    from local.emulator.data_plane import GatewayRequest
    from local.emulator.ministack_internals import GatewayError


def context_variables(request: GatewayRequest) -> dict[str, str]:
    """Return the variables that have a value so far, by their names without `$context.`."""
    domain = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    return {
        "accountId": request.account,
        "apiId": request.api_id,
        "deploymentId": str(request.stage.get("deploymentId", "")),
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "extendedRequestId": request.request_id,
        "httpMethod": request.method,
        "identity.sourceIp": internal(RESPONSES, "get_request_client_ip")(),
        "identity.userAgent": request.headers.get("user-agent", ""),
        "path": f"/{request.stage_name}{request.path}",
        "protocol": "HTTP/1.1",
        "requestId": request.request_id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(request.started)),
        "requestTimeEpoch": str(int(request.started * 1000)),
        "resourcePath": request.record.get("resource_path", ""),
        "stage": request.stage_name,
        **_authorizer_variables(request.authorizer_output),
        # AWS documents no value for a request with a cached policy, for which the authorizer is not invoked.
        "authorizer.requestId": request.authorizer_request_id,
        **_error_variables(request.error),
    }


def _authorizer_variables(output: dict[str, Any]) -> dict[str, str]:
    context: dict[str, str] = internal(REST, "_stringify_context")(output.get("context"))
    principal = output.get("principalId")
    named = context if principal is None else {**context, "principalId": str(principal)}
    return {f"authorizer.{name}": value for name, value in named.items()}


def _error_variables(error: GatewayError | None) -> dict[str, str]:
    if error is None:
        return {}
    return {
        "error.message": error.message or "",
        "error.messageString": json.dumps(error.message),
        "error.responseType": error.response_type,
        "error.validationErrorString": (error.message or "") if error.response_type.startswith("BAD_REQUEST_") else "",
    }
