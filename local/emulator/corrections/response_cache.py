"""The cache of responses in a stage.

AWS ("Cache settings for REST APIs in API Gateway"): in a stage with a cache, the responses of a method with
`cachingEnabled` are returned again for `cacheTtlInSeconds`. Authorizers, API keys, limits and validators come before
the cache. An entry's key is made of the integration's `cacheNamespace`, which is the resource unless it is set, and of
the values of its `cacheKeyParameters`; other parameters do not count. `Cache-Control: max-age=0` refreshes an entry, if
the settings allow it to everyone. FlushStageCache empties the cache. MiniStack keeps the settings and caches nothing.

Where AWS's documentation is silent, this is the stricter assumption: methods of a resource share its entries, a key has
a header only in the spelling of its parameter, and errors of a function are cached like all its responses. Unlike AWS,
GET is cached only where the settings say so, and nobody has the permission to refresh an entry.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from local.emulator.corrections.proxy_events import sent_headers
from local.emulator.data_plane import current_request, gateway_error
from local.emulator.ministack_internals import REST, GatewayError, Original, Response, patch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.emulator.data_plane import GatewayRequest

Key = tuple[str, ...]

_entries: dict[Key, tuple[float, Response]] = {}  # expiry (monotonic) and response by API, stage, namespace and values


def apply() -> None:
    """Keep and return responses, and implement FlushStageCache."""
    patch(REST, "_invoke_lambda_proxy_v1", _invoke)
    patch(REST, "handle_request", _handle)


async def _handle(original: Original, method: str, path: str, *arguments: object) -> Response:
    match (method, path.strip("/").split("/")):
        case ("DELETE", ["restapis", api_id, "stages", stage, "cache", "data"]):
            for key in [key for key in _entries if key[:2] == (api_id, stage)]:
                del _entries[key]
            return 202, {}, b""
        case _:
            return await original(method, path, *arguments)


async def _invoke(
    original: Original, integration: dict[str, Any], *arguments: object, **named: object
) -> Response | GatewayError:
    request = current_request()
    settings = _settings(request)
    if request is None or not settings.get("cachingEnabled"):
        return await original(integration, *arguments, **named)
    key, now = _key(integration, request), time.monotonic()
    refreshes = "max-age=0" in request.headers.get("cache-control", "")
    if refreshes and settings.get("requireAuthorizationForCacheControl"):
        if settings.get("unauthorizedCacheControlHeaderStrategy") == "FAIL_WITH_403":
            return gateway_error("ACCESS_DENIED", "Unauthorized to invalidate the cache")
        refreshes = False
    expiry, response = _entries.get(key, (0.0, None))
    if response is not None and now < expiry and not refreshes:
        status, headers, body = response
        return status, {**headers, "x-amzn-requestid": request.request_id}, body
    fresh: Response | GatewayError = await original(integration, *arguments, **named)
    if isinstance(fresh, tuple):
        _entries[key] = (now + settings["cacheTtlInSeconds"], fresh)
    return fresh


def _settings(request: GatewayRequest | None) -> Mapping[str, Any]:
    """Return the settings of the request's method; empty if the stage has no cache."""
    if request is None or not request.stage.get("cacheClusterEnabled"):
        return {}
    found: dict[str, dict[str, Any]] = request.stage.get("methodSettings") or {}
    own = f"{request.record['resource_path']}/{request.method}"
    return found.get(own) or found.get("*/*") or {}


def _key(integration: dict[str, Any], request: GatewayRequest) -> Key:
    names: list[str] = sorted(integration.get("cacheKeyParameters") or ())
    values = (_value(name.removeprefix("method.request."), request) for name in names)
    return (request.api_id, request.stage_name, str(integration.get("cacheNamespace")), *values)


def _value(parameter: str, request: GatewayRequest) -> str:
    place, _, name = parameter.partition(".")
    if place == "header":
        return sent_headers().get(name, "")
    if place == "path":
        path: dict[str, str] = request.record.get("path_params") or {}
        return path.get(name, "")
    return (request.query.get(name) or [""])[-1]
