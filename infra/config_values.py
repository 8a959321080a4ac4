"""The settings of a project as Pulumi passes them to a program: texts by `namespace:key`."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Literal, cast, get_args, get_origin

import msgspec
from pulumi.runtime import config as pulumi_config

from handlers.contract import FieldError, unwrapped
from infra.stack_file import ENCRYPTED

NAMESPACES = ("aws", "pulumi")
"""The namespaces of the AWS provider's settings and of Pulumi's own."""

AWS_SETTINGS = ("aws:region", "aws:profile")
"""The settings of the AWS provider that are read: a stack has its own provider, which has no others of that name."""

INSTEAD = {
    "aws:allowedAccountIds": "provider.accountIds",
    "aws:assumeRoles": "provider.assumeRole",
    "aws:assumeRole": "provider.assumeRole",
    "aws:defaultTags": "tags",
}
"""The settings to use instead of other ones of the AWS provider."""


def own_values(project: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the project's own settings, without its namespace."""
    return {key.removeprefix(f"{project}:"): text for key, text in given.items() if key.startswith(f"{project}:")}


def parsed(value: Any, kind: Any) -> Any:
    """Return the value with each text replaced by its value as JSON, wherever the type requires something else.

    Pulumi passes every group as text, and every encrypted number and boolean within a group.
    """
    kind = unwrapped(kind)
    if isinstance(value, str) and not _is_text(kind):
        with suppress(ValueError, RecursionError):
            value = msgspec.json.decode(value)
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {name: parsed(member, _member_type(kind, name)) for name, member in members.items()}
    if isinstance(value, list):
        return [parsed(member, _member_type(kind)) for member in cast("list[Any]", value)]
    return value


def _is_text(kind: Any) -> bool:
    return kind is str or (get_origin(kind) is Literal and all(isinstance(each, str) for each in get_args(kind)))


def _member_type(kind: Any, name: str = "") -> Any:
    """Return the type of a field of a struct, or of the members of a list or a map; str if there is none."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return next((field.type for field in msgspec.structs.fields(kind) if field.encode_name == name), str)
    return get_args(kind)[1 if get_origin(kind) is dict else 0] if get_origin(kind) in (dict, tuple) else str


def key_errors(
    project: str, given: Mapping[str, str], known: Collection[str], moved: Mapping[str, str] = MappingProxyType({})
) -> Iterator[FieldError]:
    """Yield unknown namespaces and keys, and a missing region. Values of unknown keys may be secrets and are not shown.

    `moved` has the present keys of settings of earlier versions.
    """
    namespaces = (project, *NAMESPACES)
    for key in given:
        if key.partition(":")[0] not in namespaces:
            yield FieldError(key, f"unknown namespace; allowed: {', '.join(namespaces)}")
        elif key.startswith("aws:") and key not in AWS_SETTINGS:
            instead = f"use {project}:{INSTEAD[key]}" if key in INSTEAD else f"allowed: {', '.join(AWS_SETTINGS)}"
            yield FieldError(key, f"unknown setting of the stack's AWS provider; {instead}")
    for name in own_values(project, given):
        if name in moved:
            yield FieldError(name, f"unknown setting; now {project}:{moved[name]}")
        elif name not in known:
            yield FieldError(name, f"unknown setting; allowed: {', '.join(known)}")
    if not given.get("aws:region"):
        yield FieldError("aws:region", "is required")
    elif given["aws:region"] == ENCRYPTED:
        yield FieldError("aws:region", "", ENCRYPTED)


def without_secret(project: str, error: FieldError) -> FieldError:
    """Return the error, without the value found if Pulumi has decrypted the setting."""
    key = f"{project}:{re.split(r'[.[]', error.field)[0]}"
    return FieldError(error.field, error.detail) if pulumi_config.is_config_secret(key) else error
