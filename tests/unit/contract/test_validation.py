"""Plain data into typed values, every mistake named."""

from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from handlers.contract import FieldError, Invalid, validate


class Part(msgspec.Struct, forbid_unknown_fields=True):
    size: Annotated[int, Meta(ge=1)]


class Whole(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    first_name: str
    parts: tuple[Part, ...] = ()
    tags: dict[str, str] = {}


def errors_of(value: object) -> set[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        validate(value, Whole)
    return {(error.field, error.detail) for error in caught.value.errors}


def test_data_that_fits_becomes_the_typed_value() -> None:
    whole = validate({"firstName": "a", "parts": [{"size": 1}]}, Whole)
    assert whole == Whole("a", (Part(1),))


def test_every_mistake_is_reported_at_once_with_its_place() -> None:
    assert errors_of({"parts": [{"size": 1}, {"size": 0, "colour": "red"}], "extra": 1}) == {
        ("firstName", "required"),
        ("parts[1].size", "Expected `int` >= 1"),
        ("parts[1].colour", "unknown; allowed are size"),
        ("extra", "unknown; allowed are firstName, parts, tags"),
    }


def test_a_mistake_keeps_what_was_found() -> None:
    with pytest.raises(Invalid) as caught:
        validate({"firstName": 7}, Whole)
    assert caught.value.errors == (FieldError("firstName", "Expected `str`, got `int`", 7),)


@pytest.mark.parametrize("value", [None, [], "text", 3])
def test_what_is_no_object_is_refused_as_a_whole(value: object) -> None:
    assert {field for field, _ in errors_of(value)} == {""}


def test_a_list_where_an_object_belongs_is_named() -> None:
    assert errors_of({"firstName": "a", "parts": {"size": 1}}) == {("parts", "Expected `array`, got `object`")}
