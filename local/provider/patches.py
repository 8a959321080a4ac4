"""Patch operations, with which API Gateway changes its resources. Their values are always text."""

from collections.abc import Mapping

from local.provider.parameters import as_text
from local.provider.properties import Properties

Patch = dict[str, str]


def replacing(given: Properties, paths: Mapping[str, str], prefix: str = "") -> list[Patch]:
    """Remove the properties that have a path, and return operations that set them."""
    return [
        {"op": "replace", "path": f"{prefix}/{path}", "value": as_text(given.pop(name))}
        for name, path in paths.items()
        if name in given
    ]


def removing(paths: Mapping[str, str], old: Mapping[str, object], given: Properties) -> list[Patch]:
    """Return operations that remove what the old inputs have and the new ones have not."""
    return [{"op": "remove", "path": f"/{path}"} for name, path in paths.items() if name in old and name not in given]


def replacing_map(path: str, old: Mapping[str, str], new: Mapping[str, str]) -> list[Patch]:
    """Return operations that turn one map into another."""
    changed = {name: value for name, value in new.items() if old.get(name) != value}
    return [
        *({"op": "replace", "path": f"{path}/{name}", "value": value} for name, value in changed.items()),
        *({"op": "remove", "path": f"{path}/{name}"} for name in sorted(old.keys() - new.keys())),
    ]
