"""Validation of plain data against a type: every mistake is reported, with its place and in the client's terms.

A type with a pattern states its requirement in words, because clients do not read regular expressions:
`Meta(pattern="^[a-z]+$", extra={REQUIREMENT: "lower-case letters"})`. JSON schemas contain the pattern only.
"""

import re
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Final, Literal, TypeVar, Union, cast, get_args, get_origin

import msgspec
from msgspec import UnsetType

T = TypeVar("T")

REQUIREMENT: Final = "requirement"
"""The key in `msgspec.Meta.extra` of a pattern's requirement: what a value must be, in words."""

_WORDS: Final = {
    "array": "a list",
    "base64": "a string in base64",
    "bool": "true or false",
    "bytes": "a string in base64",
    "date": "a date such as 2026-06-15",
    "datetime": "a date and time such as 2026-06-15T09:30:00Z",
    "decimal": "a number",
    "duration": "a duration such as PT1H30M",
    "float": "a number",
    "int": "an integer",
    "null": "null",
    "object": "an object",
    "str": "a string",
    "time": "a time such as 09:30:00",
    "uuid": "a UUID",
}
"""The names of types in msgspec's messages, in words."""

_DETAILS: Final = (
    (r"Expected `\w+` of length >= 1", "must not be empty"),
    (r"Expected `array` of length (\d+), got .*", "must have exactly {} items"),
    (r"Expected `array` of length >= (\d+)", "must have at least {} items"),
    (r"Expected `array` of length <= (\d+)", "must have at most {} items"),
    (r"Expected `object` of length >= (\d+)", "must have at least {} fields"),
    (r"Expected `object` of length <= (\d+)", "must have at most {} fields"),
    (r"Expected `\w+` of length >= (\d+)", "must have at least {} characters"),
    (r"Expected `\w+` of length <= (\d+)", "must have at most {} characters"),
    (r"Expected `\w+` >= (.+)", "must be at least {}"),
    (r"Expected `\w+` <= (.+)", "must be at most {}"),
    (r"Expected `\w+` > (.+)", "must be more than {}"),
    (r"Expected `\w+` < (.+)", "must be less than {}"),
    (r"Expected `\w+` that's a multiple of (.+)", "must be a multiple of {}"),
    (r"Expected `\w+` matching regex '(.*)'", "must match the pattern {}"),
    (r"Expected `\w+` with a timezone component", "must have a time zone"),
    (r"Expected `\w+` with no timezone component", "must not have a time zone"),
    (r"Invalid (?:enum )?value .*", "must be one of the allowed values"),
    (r".* out of range", "is out of range"),
)
"""Patterns of msgspec's other messages, with the requirement that each one states."""


class FieldError(msgspec.Struct, frozen=True):
    """One mistake: its place (`issuers[0].url`; empty for the whole), the requirement, and the value found."""

    field: str
    detail: str
    found: Any = None


class Invalid(ValueError):
    """Data does not match its type; `errors` holds every mistake."""

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__(
            "; ".join(f"{error.field}: {error.detail}" if error.field else error.detail for error in errors)
        )
        self.errors = errors


def validate(value: object, model: type[T]) -> T:
    """Convert a value to the model's type. Raises Invalid with every mistake.

    `msgspec.convert` alone stops at the first mistake, so the members of structs, lists and dictionaries are validated
    one by one, and the whole is converted only when they have no mistakes.
    """
    errors = tuple(_errors(value, model, ""))
    if errors:
        raise Invalid(errors)
    return msgspec.convert(value, model)


def detail_of(error: msgspec.ValidationError, kind: Any) -> str:
    """Return the requirement that a value of a type did not meet: `must not be empty`."""
    message = str(error).partition(" - at `$")[0]
    if choices := _choices(unwrapped(kind)):
        return f"must be one of: {', '.join(choices)}"
    if match := re.match(
        r"Expected `([^`]+)`, got `|Invalid (?:RFC3339 encoded |ISO8601 )?(\w+)(?: \w+ string| string|$)", message
    ):
        names = (match[1] or match[2].lower()).split(" | ")
        return f"must be {' or '.join(_WORDS.get(name, name) for name in names)}"
    if "matching regex" in message and (requirement := requirement_of(kind)):
        return f"must be {requirement}"
    found = ((re.fullmatch(pattern, message, re.DOTALL), detail) for pattern, detail in _DETAILS)
    return next((detail.format(*match.groups()) for match, detail in found if match), "is not valid")


def requirement_of(kind: Any) -> str | None:
    """Return what a type's pattern requires, in words; None where the type does not state it."""
    if isinstance(kind, msgspec.Meta):
        return (kind.extra or {}).get(REQUIREMENT)
    return next(filter(None, map(requirement_of, get_args(kind))), None)


def _choices(kind: Any) -> list[str]:
    """Return the values of a literal or an enumeration; nothing for any other type."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(member.value) for member in kind]
    values = get_args(kind) if get_origin(kind) is Literal else ()
    return ["null" if value is None else str(value) for value in values]


def _errors(value: object, kind: Any, place: str) -> list[FieldError]:
    return _member_errors(value, unwrapped(kind), place) or _own_error(value, kind, place)


def _member_errors(value: object, kind: Any, place: str) -> list[FieldError]:
    """Return the mistakes inside a struct, a list or a dictionary; none for any other value or type."""
    origin = get_origin(kind)
    if isinstance(value, dict):
        given = cast("dict[Any, Any]", value)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return _struct_errors(given, kind, place)
        return _dict_errors(given, kind, place) if origin is dict else []
    if isinstance(value, list) and origin in (list, tuple, set, frozenset):
        members, kinds = cast("list[Any]", value), get_args(kind)
        if origin is not tuple or kinds[1:] == (...,):
            kinds = kinds[:1] * len(members)
        pairs = enumerate(zip(members, kinds, strict=False))
        return [error for index, (each, member) in pairs for error in _errors(each, member, f"{place}[{index}]")]
    return []


def unwrapped(kind: Any) -> Any:
    """Return a type without its limits, and without None and UNSET where they are the only alternatives."""
    if get_origin(kind) is Annotated:
        return unwrapped(get_args(kind)[0])
    members = [each for each in get_args(kind) if each not in (type(None), UnsetType)]
    return unwrapped(members[0]) if get_origin(kind) in (Union, UnionType) and len(members) == 1 else kind


def allows_null(kind: Any) -> bool:
    """Return whether None is a value of a type."""
    if get_origin(kind) is Annotated:
        return allows_null(get_args(kind)[0])
    return kind is type(None) or (get_origin(kind) in (Union, UnionType) and any(map(allows_null, get_args(kind))))


def _struct_errors(value: dict[Any, Any], kind: type[msgspec.Struct], place: str) -> list[FieldError]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    errors = [
        FieldError(_join(place, name), f"unknown field; allowed: {', '.join(sorted(fields))}", given)
        for name, given in value.items()
        if name not in fields and kind.__struct_config__.forbid_unknown_fields
    ]
    for name, field in fields.items():
        if name in value:
            errors += _errors(value[name], field.type, _join(place, name))
        elif field.required:
            errors.append(FieldError(_join(place, name), "is required"))
    return errors


def _dict_errors(value: dict[Any, Any], kind: Any, place: str) -> list[FieldError]:
    name_kind, member_kind = get_args(kind)
    errors: list[FieldError] = []
    for name, each in value.items():
        here = _join(place, name)
        errors += [FieldError(here, f"its name {error.detail}", name) for error in _own_error(name, name_kind, here)]
        errors += _errors(each, member_kind, here)
    return errors


def _own_error(value: object, kind: Any, place: str) -> list[FieldError]:
    if isinstance(value, str) and unwrapped(kind) is Decimal:  # msgspec accepts texts, even NaN
        return [FieldError(place, "must be a number", value)]
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        return [FieldError(place, detail_of(error, kind), value)]
    return []


def _join(place: str, name: object) -> str:
    return f"{place}.{name}" if place else str(name)
