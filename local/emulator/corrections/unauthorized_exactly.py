"""Only exactly "Unauthorized" is 401.

AWS: an authorizer that raises with the message `Unauthorized` makes API Gateway answer 401; any other error is
AUTHORIZER_FAILURE. MiniStack ignores case and surrounding space, so a misspelt message would pass here and be a 500
in AWS.
"""

from __future__ import annotations

from local.emulator.ministack_internals import REST, Original, Result, around, mapping

_MESSAGE = "Unauthorized"


def apply() -> None:
    """Keep every other message from being taken for it."""
    around(REST, "_invoke_authorizer_lambda", _invoke)


async def _invoke(original: Original, *arguments: object) -> Result:
    result: Result = await original(*arguments)
    if not result or not result.get("error"):
        return result
    message = (mapping(result.get("body")) or {}).get("errorMessage")
    return result if message == _MESSAGE else {**result, "body": {"errorMessage": "not the message"}}
