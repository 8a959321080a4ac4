"""Deployments of HTTP APIs as snapshots: changes take effect only with a new deployment.

AWS: changes of routes, integrations, authorizers and CORS take effect when the API is deployed; a stage with automatic
deployments deploys them at once, and a stage without a deployment has no routes. In MiniStack, all changes take effect
immediately.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.emulator.corrections.deployment_snapshots import Snapshots
from local.emulator.ministack_internals import HTTP, Original, Response, internal, patch

if TYPE_CHECKING:
    from collections.abc import Mapping

_snapshots = Snapshots(HTTP, ("_apis", "_routes", "_integrations", "_authorizers"), id_member="deploymentId")


def apply() -> None:
    """Take a snapshot of each deployment, and make the data plane read it."""
    _snapshots.apply()
    patch(HTTP, "_handle_execute_in_scope", _handle)


async def _handle(original: Original, api_id: str, stage_name: str, *arguments: object) -> Response:
    stages: Mapping[str, Mapping[str, Any]] = internal(HTTP, "_stages").get(api_id) or {}
    stage = stages.get(stage_name, {})
    if stage.get("autoDeploy"):
        return await original(api_id, stage_name, *arguments)
    if not stage.get("deploymentId"):
        return internal(HTTP, "_http_api_not_found")()
    with _snapshots.reading(api_id, stage["deploymentId"]):
        return await original(api_id, stage_name, *arguments)
