"""Values exchanged between a Pulumi program and its engine, as Python objects.

The protocol uses protobuf structs. In these, an unknown value is a reserved string; a secret, an asset or an archive is
an object with a reserved signature
(https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go).
"""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

import pulumi
from google.protobuf import struct_pb2
from pulumi.runtime import rpc

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the signature of a secret, not a secret


class Unknown(enum.Enum):
    """The type of UNKNOWN, the value of an output whose resource does not exist yet."""

    UNKNOWN = "[unknown]"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that the program marked as secret; its `repr` does not contain it."""

    value: Any = field(repr=False)


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Convert a struct to a dictionary; whole numbers become `int`, and fields without a value are omitted."""
    fields = {name: _from_value(struct.fields[name]) for name in sorted(struct.fields)}
    return {name: value for name, value in fields.items() if value is not None}


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Convert a provider's result to a struct: plain data, `Secret` and `UNKNOWN`."""
    struct = struct_pb2.Struct()
    struct.update({name: _to_json(value) for name, value in values.items() if value is not None})
    return struct


def revealed(value: Any) -> Any:
    """Return the value with all secrets in it unwrapped, at any depth."""
    match value:
        case Secret():
            return revealed(value.value)
        case dict():
            return {name: revealed(item) for name, item in cast("dict[str, Any]", value).items()}
        case list():
            return [revealed(item) for item in cast("list[Any]", value)]
        case _:
            return value


def unknown_paths(value: Any, path: str = "") -> Iterator[str]:
    """Return the paths of all unknown values in the value: `environment.variables.TABLE`, `policies[2]`."""
    match value:
        case Unknown():
            yield path
        case Secret():
            yield from unknown_paths(value.value, path)
        case dict():
            for name, item in cast("dict[str, Any]", value).items():
                yield from unknown_paths(item, f"{path}.{name}" if path else name)
        case list():
            for index, item in enumerate(cast("list[Any]", value)):
                yield from unknown_paths(item, f"{path}[{index}]")
        case _:
            return


def _from_value(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value == rpc.UNKNOWN else value.string_value
        case "number_value":  # protobuf has only floats
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_from_value(item) for item in value.list_value.values]
        case "struct_value":
            return _from_object(value.struct_value)
        case _:
            return None


def _from_object(struct: struct_pb2.Struct) -> Any:
    if _SIGNATURE not in struct.fields:
        return from_struct(struct)
    signature = struct.fields[_SIGNATURE].string_value
    if signature == _SECRET:
        return Secret(_from_value(struct.fields["value"]))
    if signature == _ASSET:
        return _asset(from_struct(struct))
    if signature == _ARCHIVE:
        return _archive(from_struct(struct))
    raise ValueError(f"unsupported value with signature {signature}")


def _asset(given: Mapping[str, Any]) -> pulumi.Asset:
    if "path" in given:
        return pulumi.FileAsset(given["path"])
    return pulumi.StringAsset(given["text"]) if "text" in given else pulumi.RemoteAsset(given["uri"])


def _archive(given: Mapping[str, Any]) -> pulumi.Archive:
    if "path" in given:
        return pulumi.FileArchive(given["path"])
    return pulumi.RemoteArchive(given["uri"]) if "uri" in given else pulumi.AssetArchive(given.get("assets", {}))


def _to_json(value: Any) -> Any:
    match value:
        case Unknown():
            return rpc.UNKNOWN
        case Secret():
            return {_SIGNATURE: _SECRET, "value": _to_json(value.value)}
        case dict():
            return {name: _to_json(item) for name, item in cast("dict[str, Any]", value).items()}
        case list() | tuple():
            return [_to_json(item) for item in cast("list[Any]", value)]
        case _:
            return value
