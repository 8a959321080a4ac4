"""The API key of a caller is the one that the authorizer names.

AWS: where an API's key source is AUTHORIZER, the key is the authorizer's `usageIdentifierKey`, also while its policy is
cached, and a key that the client sends counts for nothing. MiniStack looks at the `x-api-key` header always.
"""

from __future__ import annotations

from local.emulator.ministack_internals import REST, Original, around, mapping, reach
from local.emulator.serving import served


def apply() -> None:
    """Take the key from the authorizer's output."""
    around(REST, "_api_key_from_request", _api_key)


def _api_key(original: Original, headers: dict[str, str]) -> str:
    request = served()
    api = mapping(reach(REST, "_rest_apis").get(request.api_id)) if request else None
    if request is None or api is None or api.get("apiKeySource") != "AUTHORIZER":
        return original(headers)
    return request.authorizer_output.get("usageIdentifierKey") or ""
