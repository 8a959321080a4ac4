"""A deployment is a snapshot: the data plane serves what was deployed.

AWS: "a deployment is a snapshot of your API"; resources, methods, integrations, authorizers, models, validators and
the API's own settings change for callers only with a new deployment to the stage. MiniStack serves gateway responses so
and everything else as it is at the moment.
"""

from __future__ import annotations

import copy
import json
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from local.emulator.ministack_internals import REST, Answer, Original, around, reach

if TYPE_CHECKING:
    from collections.abc import Mapping

_STORES = ("_rest_apis", "_resources", "_authorizers_v1", "_models", "_request_validators")

_taken: dict[tuple[str, str], dict[str, Any]] = {}  # (API, deployment) -> what each store held
_read: ContextVar[tuple[str, str] | None] = ContextVar("deployment_read", default=None)


def apply() -> None:
    """Take a snapshot with each deployment and let the data plane read it."""
    around(REST, "_create_deployment", _create)
    around(REST, "_delete_deployment", _delete)
    around(REST, "_handle_execute_in_scope", _serve)
    for name in _STORES:
        _read_snapshots(name)


def _create(original: Original, api_id: str, data: dict[str, Any]) -> Answer:
    answer: Answer = original(api_id, data)
    deployment = json.loads(answer[2]).get("id")
    if deployment:
        _taken[api_id, deployment] = {name: copy.deepcopy(reach(REST, name).get(api_id)) for name in _STORES}
    return answer


def _delete(original: Original, api_id: str, deployment: str) -> Answer:
    _taken.pop((api_id, deployment), None)
    return original(api_id, deployment)


async def _serve(original: Original, api_id: str, stage_name: str, *arguments: object) -> Answer:
    stages: Mapping[str, Mapping[str, str]] = reach(REST, "_stages_v1").get(api_id) or {}
    token = _read.set((api_id, stages.get(stage_name, {}).get("deploymentId", "")))
    try:
        return await original(api_id, stage_name, *arguments)
    finally:
        _read.reset(token)


def _read_snapshots(name: str) -> None:
    store = reach(REST, name)
    kind: Any = store.__class__
    read_now: Original = kind.get

    def get(self: object, key: str, default: object = None) -> object:
        reading = _read.get()
        if reading in _taken and reading[0] == key:
            return _taken[reading].get(name) or default
        return read_now(self, key, default)

    # The store itself must stay, because other modules of MiniStack hold it; its class becomes one of its own.
    store.__class__ = type(f"Deployed{kind.__name__}", (kind,), {"__slots__": (), "get": get})
