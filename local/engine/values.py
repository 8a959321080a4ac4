"""Values exchanged between a Pulumi program and its engine, and kept in a stack's state, as Python objects.

The protocol uses protobuf structs, the state JSON. In both, an unknown value is a reserved string; a secret, an asset
or an archive is an object with a reserved signature
(https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go). In the state, a secret is a text of
JSON, as in the output of `pulumi stack export --show-secrets`.
"""

import enum
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

import pulumi
from google.protobuf import struct_pb2
from pulumi.runtime import rpc

from local.engine.assets import ARCHIVE, ASSET, decode_archive, decode_asset, encode_asset

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
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
    return from_state({name: _plain(struct.fields[name]) for name in struct.fields})


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Convert properties to a struct."""
    struct = struct_pb2.Struct()
    struct.update(_encoded_fields(values, state=False))
    return struct


def from_state(values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert properties in a stack's state (JSON) to a dictionary, as `from_struct` does."""
    fields = {name: _decoded(values[name]) for name in sorted(values)}
    return {name: value for name, value in fields.items() if value is not None}


def to_state(values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert properties to the form of a stack's state (JSON); files are read for their hashes."""
    return _encoded_fields(values, state=True)


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


def with_secrets_of(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outputs; those that have the name of an input with a secret in it are secret."""
    return {name: _secret_like(inputs.get(name), value) for name, value in outputs.items()}


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


def _secret_like(given: Any, value: Any) -> Any:
    if isinstance(given, dict) and isinstance(value, dict):
        return with_secrets_of(cast("dict[str, Any]", given), cast("dict[str, Any]", value))
    return Secret(value) if _has_secret(given) and not isinstance(value, Secret) else value


def _has_secret(value: Any) -> bool:
    match value:
        case Secret():
            return True
        case dict():
            return any(_has_secret(item) for item in cast("dict[str, Any]", value).values())
        case list():
            return any(_has_secret(item) for item in cast("list[Any]", value))
        case _:
            return False


def _plain(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "list_value":
            return [_plain(item) for item in value.list_value.values]
        case "struct_value":
            return {name: _plain(item) for name, item in value.struct_value.fields.items()}
        case None | "null_value":
            return None
        case kind:
            return getattr(value, kind)


def _decoded(value: Any) -> Any:
    match value:
        case rpc.UNKNOWN:
            return UNKNOWN
        case float():  # protobuf has only floats
            return int(value) if value.is_integer() else value
        case dict():
            return _decoded_object(cast("dict[str, Any]", value))
        case list():
            return [_decoded(item) for item in cast("list[Any]", value)]
        case _:
            return value


def _decoded_object(fields: dict[str, Any]) -> Any:
    match fields.get(_SIGNATURE):
        case None:
            return from_state(fields)
        case sig if sig == _SECRET and "ciphertext" in fields:
            raise ValueError("the secrets are encrypted; export the state with --show-secrets")
        case sig if sig == _SECRET:
            return Secret(_decoded(json.loads(fields["plaintext"]) if "plaintext" in fields else fields["value"]))
        case sig if sig == ASSET:
            return decode_asset(fields)
        case sig if sig == ARCHIVE:
            return decode_archive(from_state({name: fields[name] for name in fields if name != _SIGNATURE}))
        case sig:
            raise ValueError(f"unsupported value with signature {sig}")


def _encoded_fields(values: Mapping[str, Any], *, state: bool) -> dict[str, Any]:
    return {name: _encoded(value, state=state) for name, value in values.items() if value is not None}


def _encoded(value: Any, *, state: bool) -> Any:
    match value:
        case Unknown():
            return rpc.UNKNOWN
        case Secret():
            inner = _encoded(value.value, state=state)
            return {
                _SIGNATURE: _SECRET,
                **({"plaintext": json.dumps(inner, separators=(",", ":"))} if state else {"value": inner}),
            }
        case pulumi.Asset() | pulumi.Archive():
            signature = ASSET if isinstance(value, pulumi.Asset) else ARCHIVE
            return {_SIGNATURE: signature, **_encoded_fields(encode_asset(value, with_hash=state), state=state)}
        case dict():
            return _encoded_fields(cast("dict[str, Any]", value), state=state)
        case list() | tuple():
            return [_encoded(item, state=state) for item in cast("list[Any]", value)]
        case _:
            return value
