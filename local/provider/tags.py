"""Tags, which every service changes with a pair of operations like TagResource and UntagResource."""

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any, cast

from local.provider.connection import Connection
from local.provider.parameters import parameters
from local.provider.properties import Properties
from local.provider.resource_type import Update
from local.provider.state import State


def tags(
    service: str, *, noun: str = "Resource", resource: Callable[[State], str] = lambda state: str(state.outputs["arn"])
) -> Update:
    """Return how a resource's tags are changed.

    Args:
        service: botocore's name of the service.
        noun: What the operations are called after: "Role" for TagRole and UntagRole.
        resource: How the operations identify a resource; most expect its ARN.
    """

    def apply(connection: Connection, state: State, given: Properties) -> None:
        old = cast("dict[str, str]", state.inputs.get("tags") or {})
        new = cast("dict[str, str]", given.pop("tags") or {})
        shape = connection.input_shape(service, f"Tag{noun}")
        target = {name: resource(state) for name in shape.members if name.lower() != "tags"}
        if added := {key: value for key, value in new.items() if old.get(key) != value}:
            connection.call(service, f"Tag{noun}", target | parameters(shape, Properties({"tags": added})))
        if removed := sorted(old.keys() - new.keys()):
            members = connection.input_shape(service, f"Untag{noun}").members
            keys = {name: removed for name in members if name.lower() in ("tagkeys", "tagkeylist")}
            connection.call(service, f"Untag{noun}", target | keys)

    return Update(inputs=("tags",), apply=apply)


@cache
def is_taggable(type_: str) -> bool:
    """Return whether resources of a type of pulumi-aws (`aws:lambda/function:Function`) have tags."""
    package, module, name = type_.split(":")
    service = module.partition("/")[0]
    try:
        found: Any = importlib.import_module(f"pulumi_{package}.{service}{'_' if service == 'lambda' else ''}")
    except ModuleNotFoundError:
        return False
    return hasattr(getattr(found, name, None), "tags_all")
