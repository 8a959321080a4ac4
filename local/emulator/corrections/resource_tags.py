"""Tags of APIs, stages, custom domains, usage plans and API keys.

AWS: a resource has one set of tags, whether it was given them when it was created or with TagResource. In MiniStack,
TagResource and UntagResource change a second set, which descriptions of the resource do not show.
"""

from __future__ import annotations

from typing import Any, cast

from local.emulator.ministack_internals import HTTP, REST, Original, Response, internal, patch


def apply() -> None:
    """Make TagResource and UntagResource change the tags that a resource was created with."""
    for name in ("_tag_v1_resource", "_untag_v1_resource", "_get_v1_tags"):
        patch(REST, name, _share_rest_tags)
    for name in ("_tag_resource", "_untag_resource", "_get_tags"):
        patch(HTTP, name, _share_http_tags)


def _share_rest_tags(original: Original, arn: str, *arguments: object) -> Response:
    return _share_tags(_described_by_rest(arn), internal(REST, "_v1_tags"), original, arn, *arguments)


def _share_http_tags(original: Original, arn: str, *arguments: object) -> Response:
    return _share_tags(_described_by_http(arn), internal(HTTP, "_api_tags"), original, arn, *arguments)


def _share_tags(
    described: dict[str, Any] | None, tags: Any, original: Original, arn: str, *arguments: object
) -> Response:
    if described is None:
        return cast("Response", original(arn, *arguments))
    tags[arn] = dict(described.get("tags") or {})
    response: Response = original(arn, *arguments)
    described["tags"] = dict(tags.get(arn, {}))
    return response


def _described_by_rest(arn: str) -> dict[str, Any] | None:
    """Return the description of a REST API's resource, a usage plan or a key, or None if there is none."""
    match arn.rpartition("::/")[2].split("/"):
        case ["restapis", api]:
            return internal(REST, "_rest_apis").get(api)
        case ["restapis", api, "stages", stage]:
            stages: dict[str, dict[str, Any]] = internal(REST, "_stages_v1").get(api) or {}
            return stages.get(stage)
        case ["domainnames", domain]:
            return internal(REST, "_domain_names").get(domain)
        case ["usageplans", plan]:
            return internal(REST, "_usage_plans").get(plan)
        case ["apikeys", key]:
            return internal(REST, "_api_keys").get(key)
        case _:
            return None


def _described_by_http(arn: str) -> dict[str, Any] | None:
    """Return the description of an HTTP API or a stage of one, or None if there is none."""
    match arn.rpartition("::/")[2].split("/"):
        case ["apis", api]:
            return internal(HTTP, "_apis").get(api)
        case ["apis", api, "stages", stage]:
            stages: dict[str, dict[str, Any]] = internal(HTTP, "_stages").get(api) or {}
            return stages.get(stage)
        case _:
            return None
