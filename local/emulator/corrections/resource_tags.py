"""Tags of stages, usage plans and API keys.

AWS: a resource has one set of tags, whether it was given them when it was created or with TagResource. In MiniStack,
TagResource and UntagResource change a second set, which descriptions of the resource do not show.
"""

from __future__ import annotations

from typing import Any, cast

from local.emulator.ministack_internals import REST, Original, Response, internal, patch


def apply() -> None:
    """Make TagResource and UntagResource change the tags that a resource was created with."""
    for name in ("_tag_v1_resource", "_untag_v1_resource", "_get_v1_tags"):
        patch(REST, name, _share_tags)


def _share_tags(original: Original, arn: str, *arguments: object) -> Response:
    described = _described(arn)
    if described is None:
        return cast("Response", original(arn, *arguments))
    tags = internal(REST, "_v1_tags")
    tags[arn] = dict(described.get("tags") or {})
    response: Response = original(arn, *arguments)
    described["tags"] = dict(tags.get(arn, {}))
    return response


def _described(arn: str) -> dict[str, Any] | None:
    """Return the description of the resource with an ARN, or None if there is none."""
    match arn.rpartition("::/")[2].split("/"):
        case ["restapis", api]:
            return internal(REST, "_rest_apis").get(api)
        case ["restapis", api, "stages", stage]:
            stages: dict[str, dict[str, Any]] = internal(REST, "_stages_v1").get(api) or {}
            return stages.get(stage)
        case ["usageplans", plan]:
            return internal(REST, "_usage_plans").get(plan)
        case ["apikeys", key]:
            return internal(REST, "_api_keys").get(key)
        case _:
            return None
