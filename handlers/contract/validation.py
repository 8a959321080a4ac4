"""Plain data into typed values, with every mistake reported at once and named by its place."""

from typing import Annotated, Any, Literal, TypeVar, cast, get_args, get_origin

import msgspec

T = TypeVar("T")


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

    `msgspec.convert` alone stops at the first mistake, so structs and lists of structs are walked field by field, and
    the whole is converted only once nothing is left to report.
    """
    errors = tuple(_errors(value, model, ""))
    if errors:
        raise Invalid(errors)
    return msgspec.convert(value, model)


def _errors(value: object, kind: Any, place: str) -> list[FieldError]:
    inner = _unwrapped(kind)
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct) and isinstance(value, dict):
        return _struct_errors(cast("dict[Any, Any]", value), inner, place)
    if get_origin(inner) in (list, tuple) and isinstance(value, list):
        member, members = get_args(inner)[0], cast("list[Any]", value)
        errors = [error for index, each in enumerate(members) for error in _errors(each, member, f"{place}[{index}]")]
        return errors or _own_error(members, kind, place)
    return _own_error(value, kind, place)


def _unwrapped(kind: Any) -> Any:
    """A type without its limits."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


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
    return errors or _own_error(value, kind, place)


def _own_error(value: object, kind: Any, place: str) -> list[FieldError]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        detail = str(error).partition(" - at `$")[0]
        if get_origin(kind) is Literal:
            detail = f"allowed are {', '.join(str(choice) for choice in get_args(kind))}"
        return [FieldError(place, detail, value)]
    return []


def _join(place: str, name: object) -> str:
    return f"{place}.{name}" if place else str(name)
