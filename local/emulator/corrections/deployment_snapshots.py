"""Deployments as snapshots: changes take effect only with a new deployment.

AWS: "a deployment is a snapshot of your API". Changes of resources, methods, integrations, authorizers, models,
validators and the API's own settings take effect only with a new deployment to the stage. In MiniStack, this holds only
for gateway responses; other changes take effect immediately.
"""

from __future__ import annotations

import copy
import json
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from local.emulator.ministack_internals import REST, Original, Response, internal, patch

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping


class Snapshots:
    """The content of a MiniStack module's stores at the time of each deployment."""

    def __init__(self, module: str, stores: tuple[str, ...], *, id_member: str) -> None:
        self._module = module
        self._stores = stores
        self._id_member = id_member
        self._contents: dict[tuple[str, str], dict[str, Any]] = {}  # (API, deployment) -> content of each store
        self._deployment: ContextVar[tuple[str, str] | None] = ContextVar(f"deployment of {module}", default=None)

    def apply(self) -> None:
        """Take a snapshot of each deployment, and make the stores return it within `reading`."""
        patch(self._module, "_create_deployment", self._create)
        patch(self._module, "_delete_deployment", self._delete)
        for name in self._stores:
            self._use_snapshots(name)

    @contextmanager
    def reading(self, api_id: str, deployment: str) -> Generator[None]:
        """Read a deployment's snapshot within the context."""
        token = self._deployment.set((api_id, deployment))
        try:
            yield
        finally:
            self._deployment.reset(token)

    def _create(self, original: Original, api_id: str, data: dict[str, Any]) -> Response:
        response: Response = original(api_id, data)
        if deployment := json.loads(response[2]).get(self._id_member):
            content = {name: copy.deepcopy(internal(self._module, name).get(api_id)) for name in self._stores}
            self._contents[api_id, deployment] = content
        return response

    def _delete(self, original: Original, api_id: str, deployment: str) -> Response:
        self._contents.pop((api_id, deployment), None)
        return original(api_id, deployment)

    def _use_snapshots(self, name: str) -> None:
        store = internal(self._module, name)
        kind: Any = store.__class__
        current_get: Original = kind.get

        def get(own: object, key: str, default: object = None) -> object:
            deployment = self._deployment.get()
            if deployment in self._contents and deployment[0] == key:
                return self._contents[deployment].get(name) or default
            return current_get(own, key, default)

        # The store cannot be replaced, because other modules of MiniStack refer to it; its class is replaced instead.
        store.__class__ = type(f"Deployed{kind.__name__}", (kind,), {"__slots__": (), "get": get})


_snapshots = Snapshots(
    REST, ("_rest_apis", "_resources", "_authorizers_v1", "_models", "_request_validators"), id_member="id"
)


def apply() -> None:
    """Take a snapshot of each deployment, and make the data plane read it."""
    _snapshots.apply()
    patch(REST, "_handle_execute_in_scope", _handle)


async def _handle(original: Original, api_id: str, stage_name: str, *arguments: object) -> Response:
    stages: Mapping[str, Mapping[str, str]] = internal(REST, "_stages_v1").get(api_id) or {}
    with _snapshots.reading(api_id, stages.get(stage_name, {}).get("deploymentId", "")):
        return await original(api_id, stage_name, *arguments)
