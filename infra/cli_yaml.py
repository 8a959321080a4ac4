"""Read YAML with the values that the Pulumi CLI reads, which is written in Go (gopkg.in/yaml.v3)."""

import io
import json
import math
import re
from collections import Counter
from collections.abc import Hashable
from typing import Any, ClassVar, cast

import yaml


class _Loader(yaml.SafeLoader):
    """YAML as the CLI reads it: `yes` and `12:30` are texts, dates are times, and duplicate keys are errors."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {  # pyright: ignore[reportIncompatibleVariableOverride]
        first: [(f"tag:yaml.org,2002:{kind}", re.compile(f"^(?:{pattern})$", re.ASCII)) for kind, pattern in kinds]
        for firsts, kinds in {
            "~nN": [("null", r"~|null|Null|NULL")],
            "tTfF": [("bool", r"true|True|TRUE|false|False|FALSE")],
            "<": [("merge", "<<")],
            "-+.0123456789": [
                ("int", r"[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)"),
                ("float", r"[-+]?(?:\.[0-9_]+|[0-9][0-9_]*\.?[0-9_]*)(?:[eE][-+]?[0-9_]+)?"),
                ("timestamp", r"\d{4}-\d\d?-\d\d?(?:[Tt ]\d\d?:\d\d?:\d\d?Z?)?"),
            ],
        }.items()
        for first in firsts
    } | {"": [("tag:yaml.org,2002:null", re.compile("^$"))]}
    yaml_constructors: ClassVar[dict[Any, Any]] = {}  # pyright: ignore[reportIncompatibleVariableOverride]

    def construct_number(self, node: yaml.ScalarNode) -> int | float | str:
        """Return a number as Go reads and writes it."""
        plain = node.value.replace("_", "")
        try:
            number = int(plain, 8 if re.fullmatch("[-+]?0[0-7]+", plain) else 0)
        except ValueError:
            number = float(plain)
        if not -(2**63) <= number < 2**64:
            number = float(plain)
        if abs(number) >= 1e21:  # noqa: PLR2004
            return number if math.isfinite(number) else node.value
        return int(number) if number == int(number) else number

    def construct_time(self, node: yaml.ScalarNode) -> str:
        """Return a time as Go writes it: `2026-01-01 00:00:00 +0000 UTC`."""
        try:
            return f"{self.construct_yaml_timestamp(node):%Y-%m-%d %H:%M:%S} +0000 UTC"
        except ValueError:
            return node.value

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return a mapping's fields. Raises yaml.YAMLError for duplicate keys."""
        keys = [cast("str", key.value) for key, _ in node.value]
        if duplicates := [str(key) for key, count in Counter(map(str, keys)).items() if count > 1]:
            raise yaml.YAMLError(f"duplicate key {', '.join(sorted(duplicates))}")
        return super().construct_mapping(node, deep)


_Loader.yaml_constructors = {
    tag: constructor
    for tag, constructor in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag.rpartition(":")[2] in ("null", "bool", "str", "seq", "map")
} | {
    "tag:yaml.org,2002:int": _Loader.construct_number,
    "tag:yaml.org,2002:float": _Loader.construct_number,
    "tag:yaml.org,2002:timestamp": _Loader.construct_time,
}


def parse(text: str) -> Any:
    """Return the value of a text as YAML. Raises ValueError."""
    try:
        value = yaml.load(io.StringIO(text), _Loader)  # noqa: S506 - plain data; errors do not quote a stream's text
        json.dumps(value)  # an alias can make a value contain itself
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    except Exception:  # noqa: BLE001 - wrong tags cause exceptions of many types
        raise ValueError("a value contains itself, is nested too deeply, or does not match its tag") from None
    return value
