"""Flushing the authorizer cache of a stage.

AWS: FlushStageAuthorizersCache removes all cached policies of the stage's authorizers, so the next request of each
caller invokes the authorizer. MiniStack does not support this operation.
"""

from __future__ import annotations

import json

from local.emulator.ministack_internals import REST, Original, Response, internal, patch

_NO_STAGE: Response = (
    404,
    {"Content-Type": "application/json", "x-amzn-errortype": "NotFoundException"},
    json.dumps({"message": "Invalid Stage identifier specified"}).encode(),
)


def apply() -> None:
    """Implement the operation."""
    patch(REST, "handle_request", _handle)


async def _handle(original: Original, method: str, path: str, *arguments: object) -> Response:
    match (method, path.strip("/").split("/")):
        case ("DELETE", ["restapis", api_id, "stages", stage, "cache", "authorizers"]):
            return _flush(api_id, stage)
        case _:
            return await original(method, path, *arguments)


def _flush(api_id: str, stage: str) -> Response:
    if stage not in (internal(REST, "_stages_v1").get(api_id) or {}):
        return _NO_STAGE
    cache = internal(REST, "_authorizer_cache")
    for key in [key for key in cache if (key[2], key[4]) == (api_id, stage)]:
        del cache[key]
    return 202, {}, b""
