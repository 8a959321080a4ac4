"""Plain data into typed values, every mistake named."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from handlers.contract import REQUIREMENT, FieldError, Invalid, validate


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
        ("firstName", "is required"),
        ("parts[1].size", "must be at least 1"),
        ("parts[1].colour", "unknown field; allowed: size"),
        ("extra", "unknown field; allowed: firstName, parts, tags"),
    }


def test_a_mistake_keeps_what_was_found() -> None:
    with pytest.raises(Invalid) as caught:
        validate({"firstName": 7}, Whole)
    assert caught.value.errors == (FieldError("firstName", "must be a string", 7),)


@pytest.mark.parametrize("value", [None, [], "text", 3])
def test_what_is_no_object_is_refused_as_a_whole(value: object) -> None:
    assert {field for field, _ in errors_of(value)} == {""}


def test_a_list_where_an_object_belongs_is_named() -> None:
    assert errors_of({"firstName": "a", "parts": {"size": 1}}) == {("parts", "must be a list")}


class TestDictionaries:
    def test_the_key_of_a_wrong_value_is_named(self) -> None:
        assert errors_of({"firstName": "a", "tags": {"Name": 3, "b": "c", "d.e": {}}}) == {
            ("tags.Name", "must be a string"),
            ("tags.d.e", "must be a string"),
        }

    def test_a_wrong_name_is_told_from_a_wrong_value(self) -> None:
        with pytest.raises(Invalid) as caught:
            validate({"A": 0}, dict[Name, Annotated[int, Meta(ge=1)]])
        assert caught.value.errors == (
            FieldError("A", "its name must be lower-case letters", "A"),
            FieldError("A", "must be at least 1", 0),
        )

    def test_what_they_hold_is_walked(self) -> None:
        with pytest.raises(Invalid) as caught:
            validate({"a": [{"size": 1}, {"size": 0}]}, dict[str, tuple[Part, ...]])
        assert [error.field for error in caught.value.errors] == ["a[1].size"]


Name = Annotated[str, Meta(pattern="^[a-z]+$", extra={REQUIREMENT: "lower-case letters"})]


@pytest.mark.parametrize("kind", [Name, Name | None, Annotated[Name, Meta(max_length=5)]])
def test_a_pattern_is_stated_in_words(kind: Any) -> None:
    with pytest.raises(Invalid, match=r"^must be lower-case letters$"):
        validate("A", kind)


@pytest.mark.parametrize("kind", [Name, Name | None])
def test_a_value_of_another_type_is_called_that_and_not_a_wrong_text(kind: Any) -> None:
    with pytest.raises(Invalid, match=r"^must be a string"):
        validate(3, kind)


def test_a_pattern_without_words_is_shown_as_it_is() -> None:
    kind: Any = Annotated[str, Meta(pattern="^a")]
    with pytest.raises(Invalid, match=r"^must match the pattern \^a$"):
        validate("b", kind)


def test_json_schemas_have_the_pattern_and_not_the_words() -> None:
    assert msgspec.json.schema(Name) == {"type": "string", "pattern": "^[a-z]+$"}


class Optional(msgspec.Struct):
    part: Part | None = None
    unit: Literal["mm", "cm"] | None = None


def test_what_may_be_missing_is_walked_where_it_is_not() -> None:
    with pytest.raises(Invalid) as caught:
        validate({"part": {"size": 0}, "unit": "km"}, Optional)
    assert {(error.field, error.detail) for error in caught.value.errors} == {
        ("part.size", "must be at least 1"),
        ("unit", "must be one of: mm, cm"),
    }
    assert validate({"part": None, "unit": None}, Optional) == Optional()
