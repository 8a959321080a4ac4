"""Read a stack's settings as the Pulumi CLI passes them to a program: each a text by its full key.

Pulumi.yaml has the defaults and `Pulumi.<stack>.yaml` the stack's values (infra/branches.py has an exception)
(https://github.com/pulumi/pulumi/blob/master/sdk/go/common/workspace/config.go); overrides replace them for one run.
The program checks the values and reports every mistake at once. Encrypted values are not decrypted, and environments
(ESC) are not opened.
"""

import argparse
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any, Final, cast

import pulumi

from handlers.contract import FieldError
from infra import branches, cli_yaml

PROJECT_FILE: Final = "Pulumi.yaml"
STACK_KEYS: Final = ("config", "environment", "encryptionsalt", "encryptedkey", "secretsprovider")
"""The keys that the CLI allows in a stack file."""

ENCRYPTED: Final = "[secret]"
"""Stands for each encrypted value, which is only known where the CLI runs the program."""

OVERRIDE = re.compile(r'(?P<name>[^.:[\]]+(:[^.:[\]]+)?)(?P<path>(\.[^.[\]]+|\[\d+\]|\["[^"]+"\])*)')
"""A setting, optionally with its namespace, and a path to a part of it: `issuers[0].leeway`."""


class SettingsError(pulumi.RunError):
    """A stack's settings are invalid. The message names each key, what is required and what was found."""

    @classmethod
    def of(cls, project: str, stack: str, errors: Sequence[FieldError]) -> "SettingsError":
        """Return an error that reports these mistakes; values of unknown keys may be secrets and are not shown."""
        lines = [f"{len(errors)} invalid setting{'s' if len(errors) > 1 else ''} in Pulumi.{stack}.yaml"]
        for error in errors:
            key = error.field if re.match(r"[^.[]*:", error.field) else f"{project}:{error.field}"
            detail, found = error.detail, ""
            if error.found == ENCRYPTED:
                detail = f"is encrypted, and not decrypted here; pass --config {key}=VALUE"
            elif error.found is not None and not detail.startswith("unknown"):
                found = f" (found {json.dumps(error.found, default=str)})"
            lines.append(f"  {key}: {detail}{found}")
        return cls("\n".join(lines))


@dataclass(frozen=True, slots=True)
class StackFile:
    """A project's name and the settings of one of its stacks, by full key (`gatehouse:api`).

    `stack` is the stack that the file belongs to; a branch stack uses the file of another one.
    """

    project: str
    stack: str
    values: Mapping[str, str]
    encrypted: Sequence[str]

    def require_decrypted(self) -> None:
        """Raise SettingsError if a setting of the project is encrypted or contains an encrypted value."""
        own = [key for key in self.encrypted if key.startswith(f"{self.project}:")]
        if own:
            raise SettingsError.of(self.project, self.stack, [FieldError(key, "", ENCRYPTED) for key in own])


def read(root: Path, stack: str, overrides: Mapping[str, str] | None = None) -> StackFile:
    """Return the settings of a stack. Raises SettingsError.

    `root` is the folder with Pulumi.yaml. `overrides` replace settings (`gatehouse:tags`, or only `tags`) by a
    text or JSON, and parts of settings (`functions.memory`, `issuers[0].leeway`) by YAML.
    """
    described = _load(root / PROJECT_FILE)
    project = project_name(root)
    defaults = dict(_defaults(project, _mapping(described.get("config"), f"{PROJECT_FILE}: config")))
    stack = branches.base_of(root, stack) or stack
    file = root / f"Pulumi.{stack}.yaml"
    given = _load(file)
    if unknown := [key for key in given if key not in STACK_KEYS]:
        raise SettingsError(f"{file.name}: unknown key {', '.join(unknown)}; allowed: {', '.join(STACK_KEYS)}")
    config = _mapping(given.get("config"), f"{file.name}: config")
    values = {key: default for key, default in defaults.items() if default is not None}
    values |= {_full_key(project, name): value for name, value in config.items()}
    for key, text in (overrides or {}).items():
        _override(values, project, key, text)
    if "environment" in given:
        # The CLI requires a default for every setting; that of a required list is an empty one.
        _require_present(project, stack, [key for key in ("aws:region", *defaults) if values.get(key) in (None, [])])
    texts = {key: _text(_masked(value)) for key, value in sorted(values.items())}
    if broken := [key for key, text in texts.items() if re.search("[\ud800-\udfff]", text)]:
        errors = [FieldError(key, "must not contain an unpaired surrogate") for key in broken]
        raise SettingsError.of(project, stack, errors)
    return StackFile(
        project=project,
        stack=stack,
        values=texts,
        encrypted=[key for key, value in values.items() if _masked(value) != value],
    )


def project_name(root: Path) -> str:
    """Return the name of the project in a folder. Raises SettingsError."""
    project = _load(root / PROJECT_FILE).get("name")
    if not isinstance(project, str):
        raise SettingsError(f"{PROJECT_FILE}: `name`, the project's name, is missing")
    return project


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options `--config` and `--set`, which fill the dictionary `options.overrides`."""
    parser.add_argument(
        "--config", dest="overrides", action=_Override, default={}, metavar="KEY=VALUE", type=_key_and_value,
        help="override a setting for this run; VALUE is text or JSON",
    )  # fmt: skip
    parser.add_argument(
        "--set", dest="overrides", action=_Override, default={}, metavar="GROUP.KEY=VALUE", type=_key_and_yaml,
        help="override a part of a setting for this run, by YAML: --set functions.memory=1024",
    )  # fmt: skip


class _Override(argparse.Action):
    """Adds an override after all others, because it applies after them."""

    def __call__(self, _parser: Any, options: argparse.Namespace, values: Any, _option: Any = None) -> None:
        """Add the pair of a key and a value."""
        others = {key: value for key, value in options.overrides.items() if key != values[0]}
        options.overrides = {**others, values[0]: values[1]}


def _key_and_value(argument: str) -> tuple[str, str]:
    key, separator, value = argument.partition("=")
    if not separator or not OVERRIDE.fullmatch(key):
        raise argparse.ArgumentTypeError(f"invalid override {argument!r}: must be KEY=VALUE or GROUP.KEY=VALUE")
    return key, value


def _key_and_yaml(argument: str) -> tuple[str, str]:
    """Return a key and its value, a list or a map as JSON, which is what a whole setting must be."""
    key, value = _key_and_value(argument)
    structured = _structured(value)
    return key, _text(structured) if isinstance(structured, (dict, list)) else value


def _defaults(project: str, declared: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each declared setting with its default, None if it has none. A short form is the default itself."""
    for name, entry in declared.items():
        fields = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {"value": entry}
        yield _full_key(project, name), fields.get("value", fields.get("default"))


def _require_present(project: str, stack: str, missing: Sequence[str]) -> None:
    """Raise SettingsError if required settings are missing, which only the stack's environment can have."""
    detail = "comes from the stack's environment (ESC), which is not opened here; pass --config {}=VALUE"
    if missing:
        raise SettingsError.of(project, stack, [FieldError(key, detail.format(key)) for key in missing])


def _override(values: dict[str, Any], project: str, key: str, text: str) -> None:
    """Replace a setting, or a part of it. Raises SettingsError if there is no such part."""
    match = OVERRIDE.fullmatch(key)
    if match is None:
        raise SettingsError(f"invalid override {key!r}: must be a setting or a part of one, such as issuers[0].leeway")
    name = _full_key(project, match["name"])
    if not match["path"]:
        values[name] = text
        return
    steps = re.findall(r'\.([^.[\]]+)|\[(\d+)\]|\["([^"]+)"\]', match["path"])
    path = [int(index) if index else field or quoted for field, index, quoted in steps]
    try:
        values[name] = _replaced(_structured(values.get(name)), path, _structured(text))
    except LookupError:
        raise SettingsError(f"invalid override {key!r}: {name} has no such part") from None


def _replaced(value: Any, path: Sequence[str | int], new: Any) -> Any:
    """Return a copy of the value in which the part at the path is new. Raises LookupError."""
    if not path:
        return new
    step, *rest = path
    if isinstance(step, int) and isinstance(value, list):
        members = list(cast("list[Any]", value))
        members[step] = _replaced(members[step], rest, new)
        return members
    if isinstance(step, int) or not isinstance(value, (dict, NoneType)) or _is_secure(value):
        raise LookupError(step)
    fields = cast("dict[str, Any]", value or {})
    return {**fields, step: _replaced(fields.get(step), rest, new)}


def _structured(value: Any) -> Any:
    """Return the value of a text as YAML, or JSON, which is YAML; anything else as it is."""
    try:
        return cli_yaml.parse(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _full_key(project: str, name: str) -> str:
    return name if ":" in name else f"{project}:{name}"


def _is_secure(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(cast("dict[str, Any]", value)) == {"secure"}
        and isinstance(value["secure"], str)
    )


def _masked(value: Any) -> Any:
    """Return the value with ENCRYPTED for each encrypted part."""
    if _is_secure(value):
        return ENCRYPTED
    if isinstance(value, dict):
        return {name: _masked(member) for name, member in cast("dict[str, Any]", value).items()}
    return [_masked(member) for member in cast("list[Any]", value)] if isinstance(value, list) else value


def _text(value: Any) -> str:
    """Return how the CLI passes a value: texts unchanged, null as an empty text, everything else as compact JSON."""
    return (
        value or ""
        if isinstance(value, (str, NoneType))
        else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    )


def _load(file: Path) -> dict[str, Any]:
    """Return a YAML file's mapping. Raises SettingsError if it is missing, invalid, or not a mapping."""
    try:
        loaded = cli_yaml.parse(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        found = sorted(path.name for path in file.parent.glob("Pulumi.*.yaml"))
        raise SettingsError(f"{file.name}: no such file; found: {', '.join(found) or 'none'}") from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file.name}: {error}") from None
    return _mapping(loaded, file.name)


def _mapping(value: Any, place: str) -> dict[str, Any]:
    """Return a mapping with texts for keys; no value is an empty one. Raises SettingsError for anything else."""
    if value is not None and not isinstance(value, dict):
        raise SettingsError(f"{place}: must be a mapping of keys to values")
    return {str(key): member for key, member in cast("dict[Any, Any]", value or {}).items()}
