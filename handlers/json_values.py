"""Conversion of typed values to JSON values as they are stored, and of query parameters to typed values."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, cast

import msgspec

from handlers.contract import FieldError, Invalid, detail_of, unwrapped

MAX_DIGITS = 38
"""The significant digits of a number that DynamoDB stores."""

MAX_EXPONENT = 125
"""The largest and smallest power of ten of a number that DynamoDB stores."""


def json_value(value: Any) -> Any:
    """Convert a value to the JSON value that is stored. Numbers stay exact; times with a zone become UTC.

    Such times always have six digits of microseconds, so their texts sort in order of time. Raises Invalid for a time
    that has no equal in UTC.
    """
    return _in_utc(msgspec.to_builtins(value, builtin_types=(Decimal, dt.datetime)), "")


def parameter_value(text: str, kind: Any) -> Any:
    """Convert a query parameter to the JSON value of a field's type. Raises Invalid; its errors name no field."""
    try:
        # In lax mode, a number would be a time too.
        value = json_value(msgspec.convert(text, kind, strict=unwrapped(kind) is dt.datetime))
    except msgspec.ValidationError as error:
        raise Invalid((FieldError("", detail_of(error, kind)),)) from None
    if value in (None, ""):
        raise Invalid((FieldError("", "must not be empty" if value == "" else "must not be null"),))
    if errors := tuple(storage_errors(value, "")):
        raise Invalid(errors)
    return value


def storage_errors(value: Any, place: str) -> Iterator[FieldError]:
    """Return the values that cannot be stored exactly: numbers with too many digits, texts that are not Unicode."""
    match value:
        case str():
            if any("\ud800" <= character <= "\udfff" for character in value):
                yield FieldError(place, "must not contain an unpaired surrogate")
        case int() | Decimal() if not isinstance(value, bool):
            if not _is_storable(Decimal(value)):
                detail = f"must have at most {MAX_DIGITS} significant digits and an exponent of at most {MAX_EXPONENT}"
                yield FieldError(place, detail)
        case dict():
            for name, each in cast("dict[str, Any]", value).items():
                yield from storage_errors(name, place or name)
                yield from storage_errors(each, f"{place}.{name}" if place else name)
        case list():
            for index, each in enumerate(cast("list[Any]", value)):
                yield from storage_errors(each, f"{place}[{index}]")
        case _:
            pass


def _is_storable(number: Decimal) -> bool:
    if not number.is_finite():
        return False
    digits = "".join(map(str, number.as_tuple().digits)).rstrip("0")
    return len(digits) <= MAX_DIGITS and abs(number.adjusted()) <= MAX_EXPONENT


def _in_utc(value: Any, place: str) -> Any:
    match value:
        case dt.datetime():
            return _utc(value, place)
        case dict():
            items = cast("dict[str, Any]", value).items()
            return {name: _in_utc(each, f"{place}.{name}" if place else name) for name, each in items}
        case list():
            return [_in_utc(each, f"{place}[{index}]") for index, each in enumerate(cast("list[Any]", value))]
        case _:
            return value


def _utc(time: dt.datetime, place: str) -> str:
    if time.tzinfo is None:
        return time.isoformat()
    try:
        return time.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    except OverflowError:
        raise Invalid((FieldError(place, "must be from year 1 to 9999 in UTC"),)) from None
