"""Flushing the authorizer cache of an HTTP API's stage.

AWS: ResetAuthorizersCache removes all cached policies of the stage's authorizers. MiniStack does not support this
operation.
"""

from __future__ import annotations

from local.emulator.ministack_internals import HTTP, Original, Response, internal, patch


def apply() -> None:
    """Implement the operation."""
    patch(HTTP, "handle_request", _handle)


async def _handle(original: Original, method: str, path: str, *arguments: object) -> Response:
    match (method, path.strip("/").split("/")):
        case ("DELETE", ["v2", "apis", api_id, "stages", stage, "cache", "authorizers"]):
            return _flush(api_id, stage)
        case _:
            return await original(method, path, *arguments)


def _flush(api_id: str, stage: str) -> Response:
    if stage not in (internal(HTTP, "_stages").get(api_id) or {}):
        return internal(HTTP, "_apigw_error")("NotFoundException", "Invalid Stage identifier specified", 404)
    cache = internal(HTTP, "_authorizer_cache")
    for key in [key for key in cache if (key[2], key[4]) == (api_id, stage)]:
        del cache[key]
    return 204, {}, b""
