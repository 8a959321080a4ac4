"""Deployments as snapshots: changes take effect only with a new deployment.

AWS: "a deployment is a snapshot of your API". Changes of resources, methods, integrations, authorizers, models,
validators and the API's own settings take effect only with a new deployment to the stage. In MiniStack, this holds only
for gateway responses; other changes take effect immediately.
"""

from __future__ import annotations

import copy
import json
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from local.emulator.ministack_internals import REST, Original, Response, internal, patch

if TYPE_CHECKING:
    from collections.abc import Mapping

_STORES = ("_rest_apis", "_resources", "_authorizers_v1", "_models", "_request_validators")

_snapshots: dict[tuple[str, str], dict[str, Any]] = {}  # (API, deployment) -> content of each store
_deployment: ContextVar[tuple[str, str] | None] = ContextVar("deployment", default=None)


def apply() -> None:
    """Take a snapshot of each deployment, and make the data plane read it."""
    patch(REST, "_create_deployment", _create)
    patch(REST, "_delete_deployment", _delete)
    patch(REST, "_handle_execute_in_scope", _handle)
    for name in _STORES:
        _use_snapshots(name)


def _create(original: Original, api_id: str, data: dict[str, Any]) -> Response:
    response: Response = original(api_id, data)
    deployment = json.loads(response[2]).get("id")
    if deployment:
        _snapshots[api_id, deployment] = {name: copy.deepcopy(internal(REST, name).get(api_id)) for name in _STORES}
    return response


def _delete(original: Original, api_id: str, deployment: str) -> Response:
    _snapshots.pop((api_id, deployment), None)
    return original(api_id, deployment)


async def _handle(original: Original, api_id: str, stage_name: str, *arguments: object) -> Response:
    stages: Mapping[str, Mapping[str, str]] = internal(REST, "_stages_v1").get(api_id) or {}
    token = _deployment.set((api_id, stages.get(stage_name, {}).get("deploymentId", "")))
    try:
        return await original(api_id, stage_name, *arguments)
    finally:
        _deployment.reset(token)


def _use_snapshots(name: str) -> None:
    store = internal(REST, name)
    kind: Any = store.__class__
    current_get: Original = kind.get

    def get(self: object, key: str, default: object = None) -> object:
        deployment = _deployment.get()
        if deployment in _snapshots and deployment[0] == key:
            return _snapshots[deployment].get(name) or default
        return current_get(self, key, default)

    # The store cannot be replaced, because other modules of MiniStack refer to it; its class is replaced instead.
    store.__class__ = type(f"Deployed{kind.__name__}", (kind,), {"__slots__": (), "get": get})
