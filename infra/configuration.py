"""The settings of a stack as the Pulumi CLI gives them to a program: every value a string under its full name.

Pulumi.yaml declares them (type, default), `Pulumi.<stack>.yaml` sets them. What the CLI does with both is followed from
https://github.com/pulumi/pulumi/blob/master/sdk/go/common/workspace/config.go . What lies in the file alone is refused
here; keys and their values are left to the program, which reports all their mistakes at once.
"""

import json
import re
from collections.abc import Callable, Container, Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, cast

import yaml

PROJECT_FILE: Final = "Pulumi.yaml"
_STACK_KEYS: Final = ("config", "encryptionsalt", "encryptedkey", "secretsprovider")


class ConfigurationError(Exception):
    """The settings of a stack are wrong; one line for each mistake, with the file, the key and what is allowed."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Configuration:
    """A project's name and the settings of one of its stacks, by full name (`gatehouse:cors`)."""

    project: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Declared:
    """An entry of `config` in Pulumi.yaml."""

    type: str | None
    items: Mapping[str, Any]
    default: Any

    @property
    def type_name(self) -> str:
        """The type as the CLI writes it: `array<string>`."""
        return f"array<{_item_type(self.items)}>" if self.type == "array" else str(self.type)

    def allows(self, value: Any) -> bool:
        return self.type is None or _is_of(value, self.type, self.items)


def read_configuration(root: Path, stack: str, overrides: Mapping[str, str] | None = None) -> Configuration:
    """The settings of a stack.

    Args:
        root: The folder with Pulumi.yaml.
        stack: The stack's name.
        overrides: Settings that take the place of the stack file's, as with `pulumi up -c`; a name without a namespace
            belongs to the project.

    Raises:
        ConfigurationError: With every mistake that was found.
    """
    described = _load(root / PROJECT_FILE)
    project = described.get("name")
    if not isinstance(project, str):
        raise ConfigurationError([f"{PROJECT_FILE}: name: the project's name is missing"])
    problems: list[str] = []
    entries = _mapping(described.get("config"), f"{PROJECT_FILE}: config")
    declared = dict(_declarations(project, entries, problems))
    overriding = {_full_name(project, name): text for name, text in (overrides or {}).items()}
    stack_file = root / f"Pulumi.{stack}.yaml"
    given = dict(_given(project, stack_file, overriding, problems))
    given |= {name: _from_text(text, declared.get(name)) for name, text in overriding.items()}
    if problems:
        raise ConfigurationError(problems)
    values = {name: entry.default for name, entry in declared.items() if entry.default is not None}
    return Configuration(project, {name: _text(value) for name, value in sorted((values | given).items())})


def _declarations(project: str, entries: Mapping[str, Any], problems: list[str]) -> Iterator[tuple[str, _Declared]]:
    for name, entry in entries.items():
        full = _full_name(project, name)
        if not isinstance(entry, dict):  # a short form: the default itself
            yield full, _Declared(None, {}, entry)
            continue
        told = cast("dict[str, Any]", entry)
        declared = _Declared(told.get("type"), told.get("items") or {}, told.get("value", told.get("default")))
        yield full, declared
        if declared.type not in (None, *_TYPES):
            problems.append(f"{PROJECT_FILE}: {name}: type {declared.type!r} is not one of {', '.join(_TYPES)}")
        elif declared.default is not None and not declared.allows(declared.default):
            problems.append(f"{PROJECT_FILE}: {name}: the default is not of type {declared.type_name}")


def _given(
    project: str, stack_file: Path, overridden: Container[str], problems: list[str]
) -> Iterator[tuple[str, Any]]:
    """What the stack file sets and nothing overrides, with the mistakes that lie in the file alone."""
    described = _load(stack_file)
    problems += [f"{stack_file.name}: {key}: unknown; allowed: config" for key in described if key not in _STACK_KEYS]
    for name, value in _mapping(described.get("config"), f"{stack_file.name}: config").items():
        full = _full_name(project, name)
        if full not in overridden and _has_secure(value):
            problems.append(f"{stack_file.name}: {name}: a secure value cannot be decrypted here; override it")
        yield full, value


def _full_name(project: str, name: str) -> str:
    return name if ":" in name else f"{project}:{name}"


def _has_secure(value: Any) -> bool:
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return set(fields) == {"secure"} or any(_has_secure(item) for item in fields.values())
    return isinstance(value, list) and any(_has_secure(item) for item in cast("list[Any]", value))


def _text(value: Any) -> str:
    """How the CLI hands a value over: text as it is, numbers and booleans as JSON, the rest as compact JSON."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _from_text(text: str, declared: _Declared | None) -> Any:
    """The value that an override's text stands for, so that it can be checked like a stack file's."""
    if declared is None or declared.type in (None, "string"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _is_of(value: Any, type_: str, items: Mapping[str, Any]) -> bool:
    if type_ != "array":
        return _TYPES[type_](value) if type_ in _TYPES else True
    inner = items.get("type")
    return isinstance(value, list) and all(
        inner is None or _is_of(item, inner, items.get("items") or {}) for item in cast("list[Any]", value)
    )


def _item_type(items: Mapping[str, Any]) -> str:
    return f"array<{_item_type(items.get('items') or {})}>" if items.get("type") == "array" else str(items.get("type"))


def _is_integer(value: object) -> bool:
    """The CLI also takes the text of a number, as `pulumi config set` writes it."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, str) and re.fullmatch(r"[-+]?\d+", value) is not None
    )


_TYPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "boolean": lambda value: isinstance(value, bool) or value in ("true", "false"),
    "array": lambda value: isinstance(value, list),
}


class _Loader(yaml.SafeLoader):
    """YAML 1.2's scalars, as the CLI reads them: `yes`, `12:30` and `2026-01-01` are text; a key may occur once."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {  # pyright: ignore[reportIncompatibleVariableOverride]
        first: [(f"tag:yaml.org,2002:{kind}", re.compile(f"^(?:{pattern})$")) for kind, pattern in kinds.items()]
        for firsts, kinds in {
            "~nN": {"null": r"~|null|Null|NULL"},
            "tTfF": {"bool": r"true|True|TRUE|false|False|FALSE"},
            "-+.0123456789": {
                "int": r"[-+]?[0-9]+",
                "float": r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?",
            },
        }.items()
        for first in firsts
    } | {"": [("tag:yaml.org,2002:null", re.compile("^$"))]}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping's fields.

        Raises:
            yaml.YAMLError: A key occurs twice.
        """
        keys = [cast("str", key.value) for key, _ in node.value]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise yaml.YAMLError(f"{', '.join(sorted(twice))} occurs twice")
        return super().construct_mapping(node, deep)


def _load(file: Path) -> dict[str, Any]:
    """A YAML file whose top is a mapping.

    Raises:
        ConfigurationError: It is missing, cannot be parsed, or is something else.
    """
    try:
        # Safe: the loader makes plain data only.
        loaded = yaml.load(file.read_text(encoding="utf-8-sig"), _Loader)  # noqa: S506
        json.dumps(loaded, default=str)  # an alias can make a value hold itself
    except FileNotFoundError:
        found = sorted(path.name for path in file.parent.glob("Pulumi.*yaml"))
        raise ConfigurationError([f"{file.name}: no such file; found: {', '.join(found) or 'none'}"]) from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise ConfigurationError([f"{file.name}: {' '.join(str(error).split())}"]) from None
    return _mapping(loaded, file.name)


def _mapping(value: Any, place: str) -> dict[str, Any]:
    """A mapping with text for keys; nothing at all is an empty one.

    Raises:
        ConfigurationError: It is something else.
    """
    if value is not None and not isinstance(value, dict):
        raise ConfigurationError([f"{place}: not a mapping of keys to values"])
    return {str(key): item for key, item in cast("dict[Any, Any]", value or {}).items()}
