"""Conversion between protobuf structs and Python values."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime import rpc

from local.engine.values import UNKNOWN, Secret, from_struct, revealed, to_struct, unknown_paths


def struct(**fields: Any) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(fields)
    return made


def test_whole_numbers_become_integers_and_fields_without_a_value_are_omitted() -> None:
    found = from_struct(struct(count=3.0, share=0.5, on=True, name="n", none=None, many=[1.0, "a", {"b": None}]))
    assert found == {"count": 3, "share": 0.5, "on": True, "name": "n", "many": [1, "a", {}]}
    assert isinstance(found["count"], int)


def test_the_values_of_a_provider_survive_a_round_trip() -> None:
    values = {"unknown": UNKNOWN, "secret": Secret({"inner": [UNKNOWN, 2]}), "plain": {"many": [1, "a"]}, "gone": None}
    found = from_struct(to_struct(values))
    assert found == {name: value for name, value in values.items() if name != "gone"}


def test_secrets_are_revealed_at_any_depth() -> None:
    assert revealed({"a": Secret([Secret("b"), {"c": Secret(1)}]), "d": UNKNOWN}) == {
        "a": ["b", {"c": 1}],
        "d": UNKNOWN,
    }


def test_unknown_values_are_found_at_any_depth() -> None:
    value = {"a": {"b": [1, UNKNOWN]}, "c": Secret({"d": UNKNOWN}), "e": 1}
    assert list(unknown_paths(value)) == ["a.b[1]", "c.d"]


def test_a_secret_is_not_printed() -> None:
    assert "hunter2" not in f"{Secret('hunter2')} {[Secret('hunter2')]!r}"


def test_archives_and_assets_become_pulumi_objects() -> None:
    async def sent() -> struct_pb2.Struct:
        parts = {"t": pulumi.StringAsset("x"), "f": pulumi.FileAsset("y"), "r": pulumi.RemoteAsset("https://z")}
        archives = {"all": pulumi.AssetArchive({**parts, "d": pulumi.FileArchive("w")})}
        return await rpc.serialize_properties({**archives, "far": pulumi.RemoteArchive("https://v")}, {})

    found = from_struct(asyncio.run(sent()))
    inner = found["all"].assets
    assert (inner["t"].text, inner["f"].path, inner["r"].uri, inner["d"].path) == ("x", "y", "https://z", "w")
    assert found["far"].uri == "https://v"


def test_a_value_with_an_unknown_signature_is_rejected() -> None:
    with pytest.raises(ValueError, match="unsupported value with signature abc"):
        from_struct(struct(odd={"4dabf18193072939515e22adb298388d": "abc"}))
