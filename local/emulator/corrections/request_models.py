"""Validation of a body against the model of its content type.

AWS: the validator uses the method's model for the request's Content-Type: `application/json` if the request has none,
and `$default` if the method has no model for it. Without a model, nothing is validated. MiniStack falls back to the
JSON model, which rejects valid bodies of other content types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.emulator.ministack_internals import REST, Original, patch

if TYPE_CHECKING:
    from local.emulator.ministack_internals import GatewayError

_JSON = "application/json"


def apply() -> None:
    """Pass only the applicable model to the validator."""
    patch(REST, "_check_request_validation", _check)


def _check(
    original: Original,
    method: dict[str, Any],
    api_id: str,
    record: dict[str, Any],
    headers: dict[str, str],
    *arguments: object,
) -> GatewayError | None:
    # MiniStack's validator falls back to `application/json` for every content type.
    applicable = {**method, "requestModels": {_JSON: _model(method.get("requestModels") or {}, headers)}}
    return original(applicable, api_id, record, headers, *arguments)


def _model(models: dict[str, str], headers: dict[str, str]) -> str | None:
    content_type = headers.get("content-type", _JSON).partition(";")[0].strip().lower()
    return models.get(content_type) or models.get("$default")
