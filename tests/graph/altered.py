"""Plans with deliberate mistakes."""

import copy
import dataclasses
import json
from collections.abc import Callable
from typing import Any

from local.engine import Resource
from local.plans.architecture import Architecture

Alteration = Callable[[Architecture], Architecture]


def altered(type_: str, change: Callable[[dict[str, Any]], None], name: str = "", **fields: Any) -> Alteration:
    """Return a function that changes the inputs, and fields, of the first resource of a type whose name starts so."""

    def alter(plan: Architecture) -> Architecture:
        found = first(plan, type_, name)
        inputs = copy.deepcopy(dict(found.inputs))
        change(inputs)
        return replaced(plan, found, dataclasses.replace(found, inputs=inputs, **fields))

    return alter


def with_inputs(type_: str, name: str = "", **inputs: Any) -> Alteration:
    """Return a function that gives a resource other inputs; None removes one."""

    def change(found: dict[str, Any]) -> None:
        found |= inputs
        for key in [key for key, value in found.items() if value is None]:
            del found[key]

    return altered(type_, change, name)


def with_json(type_: str, key: str, change: Callable[[Any], None], name: str = "") -> Alteration:
    """Return a function that changes an input that is a text of JSON."""

    def change_text(inputs: dict[str, Any]) -> None:
        document = json.loads(inputs[key])
        change(document)
        inputs[key] = json.dumps(document)

    return altered(type_, change_text, name)


def without(type_: str, name: str) -> Alteration:
    """Return a function that removes the first resource of a type whose name starts so."""

    def remove(plan: Architecture) -> Architecture:
        removed = first(plan, type_, name)
        kept = tuple(each for each in plan.deployment.resources if each is not removed)
        return Architecture(dataclasses.replace(plan.deployment, resources=kept))

    return remove


def with_copy(type_: str, copied_name: str, into: str, **inputs: Any) -> Alteration:
    """Return a function that adds a copy of a resource, as one of another type with these inputs."""

    def add(plan: Architecture) -> Architecture:
        copied = first(plan, type_, copied_name)
        added = dataclasses.replace(copied, type=into, urn=f"{copied.urn}-{into}", inputs=inputs)
        resources = (*plan.deployment.resources, added)
        return Architecture(dataclasses.replace(plan.deployment, resources=resources))

    return add


def first(plan: Architecture, type_: str, name: str) -> Resource:
    """Return the resource of a type with a name, or one whose name starts so (`items-read-live` for `items-read`)."""
    found = [each for each in plan.deployment.of_type(type_) if each.name.startswith(name)]
    return next((each for each in found if each.name == name), found[0])


def replaced(plan: Architecture, old: Resource, new: Resource) -> Architecture:
    """Return a plan with another resource in place of one."""
    resources = tuple(new if each is old else each for each in plan.deployment.resources)
    return Architecture(dataclasses.replace(plan.deployment, resources=resources))
