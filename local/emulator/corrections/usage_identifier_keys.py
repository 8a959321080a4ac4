"""The caller's API key from the authorizer.

AWS: if an API's key source is AUTHORIZER, the API key is the authorizer's `usageIdentifierKey`, also while its policy
is cached, and a key sent by the client is ignored. MiniStack always uses the header `x-api-key`.
"""

from __future__ import annotations

from local.emulator.data_plane import current_request
from local.emulator.ministack_internals import REST, Original, internal, json_object, patch


def apply() -> None:
    """Use the key in the authorizer's output."""
    patch(REST, "_api_key_from_request", _api_key)


def _api_key(original: Original, headers: dict[str, str]) -> str:
    request = current_request()
    api = json_object(internal(REST, "_rest_apis").get(request.api_id)) if request else None
    if request is None or api is None or api.get("apiKeySource") != "AUTHORIZER":
        return original(headers)
    return request.authorizer_output.get("usageIdentifierKey") or ""
