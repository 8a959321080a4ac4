"""Events of payload format 2.0 as API Gateway sends them.

AWS ("Create AWS Lambda proxy integrations for HTTP APIs"): `rawPath` contains the stage's name, `requestId` equals the
response's header `apigw-requestid`, cookies are a list in place of the header, and `stageVariables` are the stage's. A
member without a value is missing. MiniStack's events lack the stage's name, cookies and stage variables, and their
ids differ from the header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.emulator.http_data_plane import AUTHORIZER, INTEGRATION, HttpRequest, Invoke, patch_invocations

if TYPE_CHECKING:
    from local.emulator.ministack_internals import Result


def apply() -> None:
    """Correct the events of authorizers and integrations."""
    for thread in (AUTHORIZER, INTEGRATION):
        patch_invocations(thread, _invoke)


async def _invoke(invoke: Invoke, request: HttpRequest, event: dict[str, Any]) -> Result:
    context = event["requestContext"]
    http = {**context["http"], "path": request.full_path}
    headers, cookies = _without_cookies(event["headers"])
    corrected = {
        **event,
        "rawPath": request.full_path,
        "headers": headers,
        "cookies": cookies,
        "requestContext": {**context, "http": http, "requestId": request.request_id},
        "stageVariables": request.stage.get("stageVariables"),
    }
    return await invoke({name: value for name, value in corrected.items() if value not in (None, {}, [])})


def _without_cookies(headers: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    others = {name: value for name, value in headers.items() if name != "cookie"}
    return others, [each.strip() for each in headers.get("cookie", "").split(";") if each.strip()]
