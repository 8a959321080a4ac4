"""Write the tables of docs/configuration.md and docs/stack-file.schema.json from the types of the settings.

`python -m infra.settings_reference` writes both, and with `--check` compares them.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast, get_args, get_origin

import msgspec

from handlers.contract import requirement_of, unwrapped
from infra.packaging.bundles import ROOT
from infra.settings import StackSettings
from infra.stack_file import STACK_KEYS

PAGE = ROOT / "docs" / "configuration.md"
SCHEMA = ROOT / "docs" / "stack-file.schema.json"

MARK = "<!-- Everything below is written by `make settings` from the types of the settings. -->\n"

ENCRYPTED = {
    "title": "An encrypted value",
    "type": "object",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}
ENCRYPTED_REFERENCE = {"$ref": "#/definitions/Encrypted"}


def page() -> str:
    """Return the page: its present text up to MARK, then a section for each group of settings."""
    sections = [PAGE.read_text().partition(MARK)[0] + MARK]
    for field in msgspec.structs.fields(StackSettings):
        rows = ["| " + " | ".join(cells).replace("||", r"\|\|") + " |" for cells in _rows(field.type, "", {})]
        table = ["| Field | Values | Default | Description |", "|---|---|---|---|", *rows] if rows else []
        values = "" if isinstance(unwrapped(field.type), type) else f" The value is {_values(field.type)}."
        text = f"## `gatehouse:{field.encode_name}`\n\n{description_of(field)}{values}\n"
        sections.append("\n".join((text, *table, "")) if table else text)
    return "\n".join(sections)


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of a stack file. Any value may be an encrypted one instead."""
    _, definitions = msgspec.json.schema_components([StackSettings], ref_template="#/definitions/{name}")
    groups = cast("dict[str, Any]", definitions.pop("StackSettings"))["properties"]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A stack file of Gatehouse",
        "type": "object",
        "properties": {**dict.fromkeys(STACK_KEYS, True), "config": _config_schema(groups)},
        "additionalProperties": False,
        # An environment may contain settings that the file lacks.
        "if": {"not": {"required": ["environment"]}},
        "then": {
            "required": ["config"],
            "properties": {
                "config": {
                    "required": ["aws:region"],
                    "anyOf": [
                        {"required": ["gatehouse:issuers"], "properties": {"gatehouse:issuers": {"minItems": 1}}},
                        {"required": ["gatehouse:identity"]},
                    ],
                }
            },
        },
        "definitions": {**{name: _encryptable(each) for name, each in definitions.items()}, "Encrypted": ENCRYPTED},
    }


def _config_schema(groups: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a stack file's settings, from the schemas of the groups."""
    settings = {"aws:region": {"description": "The AWS region.", "anyOf": [{"type": "string"}, ENCRYPTED_REFERENCE]}}
    for field in msgspec.structs.fields(StackSettings):
        alternatives = [_encryptable(groups[field.encode_name]), ENCRYPTED_REFERENCE]
        settings[f"gatehouse:{field.encode_name}"] = {"description": description_of(field), "anyOf": alternatives}
    return {
        "type": "object",
        "properties": settings,
        "patternProperties": {"^(aws|pulumi):": {}},
        "additionalProperties": False,
    }


def description_of(field: msgspec.structs.FieldInfo) -> str:
    """Return a field's description, or else the first paragraph of its type's docstring."""
    docstring: str = unwrapped(field.type).__doc__ or ""
    return metadata(field.type, "description") or " ".join(docstring.partition("\n\n")[0].split())


def _encryptable(schema: Any) -> Any:
    """Return a schema that allows an encrypted value in place of each text, number, boolean or choice."""
    if not isinstance(schema, dict):
        return schema
    members = cast("dict[str, Any]", schema)
    if members.get("type") in ("string", "integer", "number", "boolean") or "enum" in members:
        outer = {name: members[name] for name in ("description", "default") if name in members}
        plain = {name: each for name, each in members.items() if name not in outer}
        return {**outer, "anyOf": [plain, ENCRYPTED_REFERENCE]}
    nested = {name: _encryptable(members[name]) for name in ("items", "additionalProperties") if name in members}
    if "properties" in members:
        nested["properties"] = {name: _encryptable(each) for name, each in members["properties"].items()}
    if "anyOf" in members:
        nested["anyOf"] = [_encryptable(each) for each in members["anyOf"]]
    return {**members, **nested}


_MEMBERS: dict[Any, tuple[int, str]] = {tuple: (0, "[]"), dict: (1, ".*")}
"""For lists and maps, which type argument is that of their members, and how names write a member."""


def _rows(kind: Any, path: str, shown: dict[Any, str]) -> Iterator[tuple[str, str, str, str]]:
    """Yield the cells of a row for each field of a struct, or of the structs in a list or a map, at any depth.

    `path` is the prefix of the fields' names: `keys.` for a group within a group, `plans[].` for the structs in a list,
    and `routes.*.` for those in a map. `shown` has the names of earlier rows by what they describe: a row that would
    repeat one refers to it instead.
    """
    base = unwrapped(kind)
    if get_origin(base) in _MEMBERS:
        yield from _rows(get_args(base)[_MEMBERS[get_origin(base)][0]], path, shown)
    elif isinstance(base, type) and issubclass(base, msgspec.Struct):
        for field in msgspec.structs.fields(base):
            yield from _field_rows(field, f"{path}{field.encode_name}", shown)


def _field_rows(
    field: msgspec.structs.FieldInfo, name: str, shown: dict[Any, str]
) -> Iterator[tuple[str, str, str, str]]:
    values, description = _values(field.type), description_of(field)
    kind = unwrapped(field.type)
    is_struct = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    first = shown.setdefault(kind if is_struct else (values, description), name)
    if first != name:
        yield (f"`{name}`", f"as `{first}`", _default(field), description if is_struct else "see there")
        return
    yield (f"`{name}`", values, _default(field), description)
    _, suffix = _MEMBERS.get(get_origin(kind), (0, ""))
    yield from _rows(field.type, f"{name}{suffix}.", shown)


def _values(kind: Any) -> str:
    """Return which values a type allows, in words."""
    base = unwrapped(kind)
    origin, members = get_origin(base), get_args(base)
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in members)
    if origin is tuple:
        return f"a list; each item: {_values(members[0])}"
    if origin is dict:
        names = requirement_of(members[0])
        return f"a map; {f'each name: {names}; ' if names else ''}each value: {_values(members[1])}"
    if base is str:
        text = "non-empty text" if metadata(kind, "min_length") else "text"
        most = f", at most {length} characters" if (length := metadata(kind, "max_length")) else ""
        return requirement_of(kind) or f"{text}{most}"
    if base in (int, float):
        return f"{'integer' if base is int else 'number'}, {metadata(kind, 'ge'):,} to {metadata(kind, 'le'):,}"
    return "`true` or `false`" if base is bool else "an object"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
    if isinstance(default, msgspec.Struct):
        return "see its fields"
    text = default if isinstance(default, str) else msgspec.json.encode(default).decode()
    return "none" if default in (None, (), {}, "") else f"`{text}`"


def _metas(kind: Any) -> Iterator[msgspec.Meta]:
    for each in get_args(kind):
        if isinstance(each, msgspec.Meta):
            yield each
        elif get_origin(kind) not in (tuple, dict):
            yield from _metas(each)


def metadata(kind: Any, name: str) -> Any:
    """Return a type's limit or description by its name in `msgspec.Meta`, or None if the type does not have it."""
    return next((value for meta in _metas(kind) if (value := getattr(meta, name)) is not None), None)


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
