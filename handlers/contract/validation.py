"""Plain data into typed values, with every mistake reported at once and named by its place.

A type with a pattern says in words what it requires, for people do not read regular expressions:
`Meta(pattern="^[a-z]+$", extra={REQUIREMENT: "lower-case letters"})`. JSON schemas have the pattern and not the words.
"""

from types import UnionType
from typing import Annotated, Any, Final, Literal, TypeVar, Union, cast, get_args, get_origin

import msgspec

T = TypeVar("T")

REQUIREMENT: Final = "requirement"
"""The key in `msgspec.Meta.extra` of a pattern in words: what a value must be."""


class FieldError(msgspec.Struct, frozen=True):
    """One mistake: where it is (`issuers[0].url`, empty for the whole), what is allowed there, and what was found."""

    field: str
    detail: str
    found: Any = None


class Invalid(ValueError):
    """The data does not fit its model; `errors` has every mistake that was found."""

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__(
            "; ".join(f"{error.field}: {error.detail}" if error.field else error.detail for error in errors)
        )
        self.errors = errors


def validate(value: object, model: type[T]) -> T:
    """The value as the model's type. Raises Invalid with all mistakes, not only the first.

    `msgspec.convert` alone stops at the first mistake, so structs, lists and dictionaries are walked member by member,
    and the whole is converted only once nothing is left to report.
    """
    errors = tuple(_errors(value, model, ""))
    if errors:
        raise Invalid(errors)
    return msgspec.convert(value, model)


def detail_of(error: msgspec.ValidationError, kind: Any) -> str:
    """What msgspec's error about a value of this type says is wrong or required, in words."""
    detail = str(error).partition(" - at `$")[0]
    inner, requirement = _unwrapped(kind), requirement_of(kind)
    if get_origin(inner) is Literal:
        return f"allowed are {', '.join(str(choice) for choice in get_args(inner))}"
    return f"must be {requirement}" if requirement and "matching regex" in detail else detail


def requirement_of(kind: Any) -> str | None:
    """What a text that does not match the type's pattern must be; None where the type does not say."""
    if isinstance(kind, msgspec.Meta):
        return (kind.extra or {}).get(REQUIREMENT)
    return next(filter(None, map(requirement_of, get_args(kind))), None)


def _errors(value: object, kind: Any, place: str) -> list[FieldError]:
    return _member_errors(value, _unwrapped(kind), place) or _own_error(value, kind, place)


def _member_errors(value: object, kind: Any, place: str) -> list[FieldError]:
    """The mistakes inside of a struct, a list or a dictionary; none for any other value or type."""
    if isinstance(value, dict):
        given = cast("dict[Any, Any]", value)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return _struct_errors(given, kind, place)
        return _dict_errors(given, kind, place) if get_origin(kind) is dict else []
    if isinstance(value, list) and get_origin(kind) in (list, tuple):
        member, members = get_args(kind)[0], cast("list[Any]", value)
        return [error for index, each in enumerate(members) for error in _errors(each, member, f"{place}[{index}]")]
    return []


def _unwrapped(kind: Any) -> Any:
    """A type without its limits, and without None where that is the only alternative."""
    if get_origin(kind) is Annotated:
        return _unwrapped(get_args(kind)[0])
    members = [each for each in get_args(kind) if each is not type(None)]
    return _unwrapped(members[0]) if get_origin(kind) in (Union, UnionType) and len(members) == 1 else kind


def _struct_errors(value: dict[Any, Any], kind: type[msgspec.Struct], place: str) -> list[FieldError]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    errors = [
        FieldError(_join(place, name), f"unknown; allowed are {', '.join(sorted(fields))}", given)
        for name, given in value.items()
        if name not in fields and kind.__struct_config__.forbid_unknown_fields
    ]
    for name, field in fields.items():
        if name in value:
            errors += _errors(value[name], field.type, _join(place, name))
        elif field.required:
            errors.append(FieldError(_join(place, name), "required"))
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
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        return [FieldError(place, detail_of(error, kind), value)]
    return []


def _join(place: str, name: object) -> str:
    return f"{place}.{name}" if place else str(name)
