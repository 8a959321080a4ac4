"""A body is validated against the model of its own content type.

AWS: the validator takes the model that the method has for the request's Content-Type (`application/json` where there
is none, `$default` for any other) and validates nothing where there is no model. MiniStack falls back to the JSON
model, so a type without a model of its own is judged by one that is not its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.emulator.ministack_internals import REST, Original, around

if TYPE_CHECKING:
    from local.emulator.ministack_internals import GatewayError

_JSON = "application/json"


def apply() -> None:
    """Show the validator the one model that applies."""
    around(REST, "_check_request_validation", _check)


def _check(
    original: Original,
    method: dict[str, Any],
    api_id: str,
    record: dict[str, Any],
    headers: dict[str, str],
    *arguments: object,
) -> GatewayError | None:
    # The validator looks under `application/json` last of all, whatever the content type.
    applicable = {**method, "requestModels": {_JSON: _model(method.get("requestModels") or {}, headers)}}
    return original(applicable, api_id, record, headers, *arguments)


def _model(models: dict[str, str], headers: dict[str, str]) -> str | None:
    content_type = headers.get("content-type", _JSON).partition(";")[0].strip().lower()
    return models.get(content_type) or models.get("$default")
