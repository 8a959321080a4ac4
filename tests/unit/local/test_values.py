"""Conversion between protobuf structs and Python values."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime import rpc

from local.engine.assets import AssetArchive, FileArchive, FileAsset, StringAsset
from local.engine.values import (
    UNKNOWN,
    Secret,
    from_state,
    from_struct,
    revealed,
    to_state,
    to_struct,
    unknown_paths,
    with_secrets_of,
)

if TYPE_CHECKING:
    from pathlib import Path


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


def test_files_and_archives_are_equal_if_their_contents_are(tmp_path: Path) -> None:
    for name, content in {"a.zip": "1", "b.zip": "1", "c.zip": "2"}.items():
        (tmp_path / name).write_text(content)
    a, b, c = (FileArchive(str(tmp_path / name)) for name in ("a.zip", "b.zip", "c.zip"))
    assert a == b
    assert a != c
    assert AssetArchive({"file": a}) == AssetArchive({"file": b})
    assert AssetArchive({"file": a}) != AssetArchive({"other": a})
    assert StringAsset("1") == FileAsset(str(tmp_path / "a.zip"))


def test_values_in_a_state_survive_a_round_trip(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("1")
    archive = FileArchive(str(tmp_path / "a.zip"))
    values = {
        "secret": Secret({"inner": [1, "a"]}),
        "archive": archive,
        "parts": AssetArchive({"a": archive, "t": StringAsset("x")}),
        "plain": {"many": [1, 0.5, None, True]},
    }
    assert from_state(json.loads(json.dumps(to_state(values)))) == values


def test_an_archive_in_a_state_differs_from_new_content_at_the_same_path(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    file.write_text("1")
    state = to_state({"archive": FileArchive(str(file))})
    assert state["archive"]["hash"] == hashlib.sha256(b"1").hexdigest()
    file.write_text("2")
    assert from_state(state)["archive"] != FileArchive(str(file))


def test_a_secret_in_a_state_is_a_text_of_json() -> None:
    assert to_state({"password": Secret({"a": 1})}) == {
        "password": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '{"a":1}'}
    }


def test_an_encrypted_secret_in_a_state_is_rejected() -> None:
    state = to_state({"password": Secret("a")})
    state["password"]["ciphertext"] = state["password"].pop("plaintext")
    with pytest.raises(ValueError, match="export the state with --show-secrets"):
        from_state(state)


def test_outputs_are_secret_where_an_input_is() -> None:
    inputs = {
        "password": Secret("a"),
        "nested": {"token": Secret("b"), "size": 1},
        "many": [1, Secret("c")],
        "on": True,
    }
    outputs = {"password": "a", "nested": {"token": "b", "size": 1}, "many": [1, "c"], "on": True, "id": "x"}
    assert with_secrets_of(inputs, outputs) == {
        "password": Secret("a"),
        "nested": {"token": Secret("b"), "size": 1},
        "many": Secret([1, "c"]),
        "on": True,
        "id": "x",
    }
