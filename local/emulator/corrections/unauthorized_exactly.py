"""The exact message "Unauthorized" for a 401.

AWS: if an authorizer raises an exception with the message `Unauthorized`, API Gateway answers 401; any other error is
an AUTHORIZER_FAILURE. MiniStack ignores case and surrounding spaces, so a different message would give 401 locally and
500 in AWS.
"""

from __future__ import annotations

from local.emulator.ministack_internals import REST, Original, Result, json_object, patch

MESSAGE = "Unauthorized"


def apply() -> None:
    """Replace all other messages."""
    patch(REST, "_invoke_authorizer_lambda", _invoke)


async def _invoke(original: Original, *arguments: object) -> Result:
    result: Result = await original(*arguments)
    if not result or not result.get("error"):
        return result
    message = (json_object(result.get("body")) or {}).get("errorMessage")
    return result if message == MESSAGE else {**result, "body": {"errorMessage": "not the message"}}
