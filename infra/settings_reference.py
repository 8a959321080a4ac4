"""Write the tables of docs/configuration.md and docs/stack-file.schema.json from the types of the settings.

`python -m infra.settings_reference` writes both, and with `--check` compares them.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Annotated, Any, Literal, cast, get_args, get_origin

import msgspec

from handlers.contract import requirement_of
from infra.bundles import ROOT
from infra.settings import StackSettings
from infra.stack_file import STACK_KEYS

PAGE = ROOT / "docs" / "configuration.md"
SCHEMA = ROOT / "docs" / "stack-file.schema.json"

MARK = "<!-- Everything below is written by `make settings` from the types of the settings. -->\n"

SECURE = {
    "title": "An encrypted value",
    "type": "object",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}


def page() -> str:
    """Return the page: its text up to the mark as it is, then a section for each group of settings."""
    sections = [PAGE.read_text().partition(MARK)[0] + MARK]
    for field in msgspec.structs.fields(StackSettings):
        rows = ["| " + " | ".join(cells).replace("||", r"\|\|") + " |" for cells in _rows(field.type, "")]
        table = ["| Field | Values | Default | Description |", "|---|---|---|---|", *rows] if rows else []
        values = "" if isinstance(_base(field.type), type) else f" The value is {_values(field.type)}."
        text = f"## `gatehouse:{field.encode_name}`\n\n{description_of(field)}{values}\n"
        sections.append("\n".join((text, *table, "")) if table else text)
    return "\n".join(sections)


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of a stack file; it allows an encrypted value in place of any other."""
    _, definitions = msgspec.json.schema_components([StackSettings], ref_template="#/definitions/{name}")
    settings = cast("dict[str, Any]", definitions.pop("StackSettings"))
    fields = {field.encode_name: description_of(field) for field in msgspec.structs.fields(StackSettings)}
    groups = {
        f"gatehouse:{name}": {"description": fields[name], "anyOf": [_encryptable(group), _ENCRYPTED]}
        for name, group in settings["properties"].items()
    }
    region = {"description": "The AWS region.", "anyOf": [{"type": "string"}, _ENCRYPTED]}
    config: dict[str, Any] = {
        "type": "object",
        "properties": {"aws:region": region, **groups},
        "patternProperties": {"^(aws|pulumi):": {}},
        "additionalProperties": False,
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A stack file of Gatehouse",
        "type": "object",
        "properties": {**dict.fromkeys(STACK_KEYS, True), "config": config},
        "additionalProperties": False,
        # An environment may contain settings that the file lacks.
        "if": {"not": {"required": ["environment"]}},
        "then": {
            "required": ["config"],
            "properties": {"config": {"required": ["aws:region", "gatehouse:issuers"]}},
        },
        "definitions": {**{name: _encryptable(each) for name, each in definitions.items()}, "Encrypted": SECURE},
    }


def description_of(field: msgspec.structs.FieldInfo) -> str:
    """Return a field's description, or else the first paragraph of its type's docstring."""
    given = next((meta.description for meta in _metas(field.type) if meta.description), None)
    return given or " ".join((_base(field.type).__doc__ or "").partition("\n\n")[0].split())


_ENCRYPTED = {"$ref": "#/definitions/Encrypted"}


def _encryptable(schema: Any) -> Any:
    """Return a schema that allows an encrypted value in place of each text, number, boolean or choice."""
    if not isinstance(schema, dict):
        return schema
    members = cast("dict[str, Any]", schema)
    if members.get("type") in ("string", "integer", "number", "boolean") or "enum" in members:
        outer = {name: members[name] for name in ("description", "default") if name in members}
        return {**outer, "anyOf": [{name: each for name, each in members.items() if name not in outer}, _ENCRYPTED]}
    nested = {name: _encryptable(members[name]) for name in ("items", "additionalProperties") if name in members}
    if "properties" in members:
        nested["properties"] = {name: _encryptable(each) for name, each in members["properties"].items()}
    if "anyOf" in members:
        nested["anyOf"] = [_encryptable(each) for each in members["anyOf"]]
    return {**members, **nested}


def _rows(kind: Any, path: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield the cells of each field of a struct, or of the structs in a list, and of the structs within them."""
    base = _base(kind)
    if get_origin(base) is tuple:
        yield from _rows(get_args(base)[0], f"{path}[]." if path else "")
    elif isinstance(base, type) and issubclass(base, msgspec.Struct):
        for field in msgspec.structs.fields(base):
            name = f"{path}{field.encode_name}"
            nested = list(_rows(field.type, f"{name}." if isinstance(_base(field.type), type) else name))
            if not nested or get_origin(_base(field.type)) is tuple:
                yield (f"`{name}`", _values(field.type), _default(field), description_of(field))
            yield from nested


def _values(kind: Any) -> str:
    """Return which values a type allows, in words."""
    base, limits, requirement = _base(kind), _limits(kind), requirement_of(kind)
    origin, members = get_origin(base), get_args(base)
    if origin is Literal:
        text = ", ".join(f"`{choice}`" for choice in members)
    elif origin is tuple:
        text = f"a list; each item: {_values(members[0])}"
    elif origin is dict:
        names = requirement_of(members[0])
        text = f"a map; {f'each name: {names}; ' if names else ''}each value: {_values(members[1])}"
    elif base is str:
        least, most = limits.get("min_length"), limits.get("max_length")
        text = requirement or ("non-empty text" if least else "text") + (f", at most {most} characters" if most else "")
    elif base in (int, float):
        text = f"{'integer' if base is int else 'number'}, {limits['ge']:,} to {limits['le']:,}"
    else:
        text = "`true` or `false`" if base is bool else "an object"
    return text


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
    text = default if isinstance(default, str) else msgspec.json.encode(default).decode()
    return "none" if default in (None, (), {}, "") else f"`{text}`"


def _base(kind: Any) -> Any:
    """Return a type without its limits, and without None."""
    if get_origin(kind) is Annotated:
        return _base(get_args(kind)[0])
    members = [each for each in get_args(kind) if each is not NoneType]
    return _base(members[0]) if NoneType in get_args(kind) else kind


def _metas(kind: Any) -> Iterator[msgspec.Meta]:
    for each in get_args(kind):
        if isinstance(each, msgspec.Meta):
            yield each
        elif get_origin(kind) not in (tuple, dict):
            yield from _metas(each)


def _limits(kind: Any) -> Mapping[str, Any]:
    names = ("ge", "le", "min_length", "max_length")
    return {name: value for meta in _metas(kind) for name in names if (value := getattr(meta, name)) is not None}


def main(arguments: list[str]) -> int:
    """Write both files, or with `--check` return 1 if one of them is out of date."""
    files = {PAGE: page(), SCHEMA: json.dumps(schema(), indent=2) + "\n"}
    if arguments != ["--check"]:
        for path, text in files.items():
            path.write_text(text)
        return 0
    outdated = [path.name for path, text in files.items() if not path.exists() or path.read_text() != text]
    if outdated:
        sys.stderr.write(f"{' and '.join(outdated)}: out of date; run `make settings`\n")
    return 1 if outdated else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
