"""Validation of plain data against a type: every mistake is reported, in the client's terms."""

import datetime as dt
import re
import uuid
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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


def test_valid_data_becomes_a_typed_value() -> None:
    whole = validate({"firstName": "a", "parts": [{"size": 1}]}, Whole)
    assert whole == Whole("a", (Part(1),))


def test_every_mistake_is_reported_at_once_with_its_place() -> None:
    assert errors_of({"parts": [{"size": 1}, {"size": 0, "colour": "red"}], "extra": 1}) == {
        ("firstName", "is required"),
        ("parts[1].size", "must be at least 1"),
        ("parts[1].colour", "unknown field; allowed: size"),
        ("extra", "unknown field; allowed: firstName, parts, tags"),
    }


def test_a_mistake_keeps_the_value_found() -> None:
    with pytest.raises(Invalid) as caught:
        validate({"firstName": 7}, Whole)
    assert caught.value.errors == (FieldError("firstName", "must be a string", 7),)


@pytest.mark.parametrize("value", [None, [], "text", 3])
def test_a_value_that_is_not_an_object_is_rejected_as_a_whole(value: object) -> None:
    assert {field for field, _ in errors_of(value)} == {""}


def test_an_object_in_place_of_a_list_is_named() -> None:
    assert errors_of({"firstName": "a", "parts": {"size": 1}}) == {("parts", "must be a list")}


class TestDictionaries:
    def test_the_key_of_an_invalid_value_is_named(self) -> None:
        assert errors_of({"firstName": "a", "tags": {"Name": 3, "b": "c", "d.e": {}}}) == {
            ("tags.Name", "must be a string"),
            ("tags.d.e", "must be a string"),
        }

    def test_an_invalid_name_and_an_invalid_value_are_different_mistakes(self) -> None:
        with pytest.raises(Invalid) as caught:
            validate({"A": 0}, dict[Name, Annotated[int, Meta(ge=1)]])
        assert caught.value.errors == (
            FieldError("A", "its name must be lower-case letters", "A"),
            FieldError("A", "must be at least 1", 0),
        )

    def test_their_values_are_validated(self) -> None:
        with pytest.raises(Invalid) as caught:
            validate({"a": [{"size": 1}, {"size": 0}]}, dict[str, tuple[Part, ...]])
        assert [error.field for error in caught.value.errors] == ["a[1].size"]


Name = Annotated[str, Meta(pattern="^[a-z]+$", extra={REQUIREMENT: "lower-case letters"})]


@pytest.mark.parametrize("kind", [Name, Name | None, Annotated[Name, Meta(max_length=5)]])
def test_a_pattern_is_stated_as_its_requirement(kind: Any) -> None:
    with pytest.raises(Invalid, match=r"^must be lower-case letters$"):
        validate("A", kind)


@pytest.mark.parametrize("kind", [Name, Name | None])
def test_a_value_of_another_type_is_reported_as_such(kind: Any) -> None:
    with pytest.raises(Invalid, match=r"^must be a string"):
        validate(3, kind)


def test_a_pattern_without_a_requirement_is_shown() -> None:
    kind: Any = Annotated[str, Meta(pattern="^a")]
    with pytest.raises(Invalid, match=r"^must match the pattern \^a$"):
        validate("b", kind)


def test_json_schemas_contain_the_pattern_and_not_the_requirement() -> None:
    assert msgspec.json.schema(Name) == {"type": "string", "pattern": "^[a-z]+$"}


class Optional(msgspec.Struct):
    part: Part | None = None
    unit: Literal["mm", "cm"] | None = None


def test_an_optional_object_is_validated() -> None:
    with pytest.raises(Invalid) as caught:
        validate({"part": {"size": 0}, "unit": "km"}, Optional)
    assert {(error.field, error.detail) for error in caught.value.errors} == {
        ("part.size", "must be at least 1"),
        ("unit", "must be one of: mm, cm"),
    }
    assert validate({"part": None, "unit": None}, Optional) == Optional()


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Circle(msgspec.Struct, tag="circle"):
    radius: Annotated[int, Meta(gt=0)]


class Square(msgspec.Struct, tag="square"):
    side: float


@pytest.mark.parametrize(
    ("kind", "value", "detail"),
    [
        (Annotated[str, Meta(min_length=1)], "", "must not be empty"),
        (Annotated[str, Meta(min_length=3)], "ab", "must have at least 3 characters"),
        (Annotated[str, Meta(max_length=200)], "a" * 201, "must have at most 200 characters"),
        (Annotated[list[int], Meta(min_length=1)], [], "must not be empty"),
        (Annotated[list[int], Meta(max_length=2)], [1, 2, 3], "must have at most 2 items"),
        (Annotated[dict[str, int], Meta(max_length=1)], {"a": 1, "b": 2}, "must have at most 1 fields"),
        (tuple[int, str], [1], "must have exactly 2 items"),
        (Annotated[int, Meta(ge=1)], 0, "must be at least 1"),
        (Annotated[int, Meta(le=9)], 10, "must be at most 9"),
        (Annotated[float, Meta(gt=1.5)], 1.5, "must be more than 1.5"),
        (Annotated[float, Meta(lt=1.5)], 1.5, "must be less than 1.5"),
        (Annotated[int, Meta(multiple_of=5)], 3, "must be a multiple of 5"),
        (str, 1, "must be a string"),
        (int, "1", "must be an integer"),
        (int, 1.5, "must be an integer"),
        (float, "1", "must be a number"),
        (bool, 1, "must be true or false"),
        (list[int], {}, "must be a list"),
        (dict[str, int], [], "must be an object"),
        (Part, "a", "must be an object"),
        (str | None, 1, "must be a string or null"),
        (int | str, [], "must be an integer or a string"),
        (Literal["a", "b"], "c", "must be one of: a, b"),
        (Literal[1, 2], "1", "must be one of: 1, 2"),
        (Colour, "green", "must be one of: red, blue"),
        (dt.date, "tomorrow", "must be a date such as 2026-06-15"),
        (dt.date, 20260615, "must be a date such as 2026-06-15"),
        (dt.datetime, "2026-06-15", "must be a date and time such as 2026-06-15T09:30:00Z"),
        (Annotated[dt.datetime, Meta(tz=True)], "2026-06-15T09:30:00", "must have a time zone"),
        (Annotated[dt.datetime, Meta(tz=False)], "2026-06-15T09:30:00Z", "must not have a time zone"),
        (dt.time, "noon", "must be a time such as 09:30:00"),
        (dt.timedelta, "1h", "must be a duration such as PT1H30M"),
        (uuid.UUID, "1", "must be a UUID"),
        (Decimal, "1.5", "must be a number"),
        (Decimal, "NaN", "must be a number"),
        (Decimal | None, "1.5", "must be a number"),
        (list[Decimal], ["1.5"], "must be a number"),
        (Decimal, [], "must be a number"),
        (bytes, "?", "must be a string in base64"),
        (Circle | Square, {"type": "circle"}, "is not valid"),
    ],
)
def test_a_requirement_is_stated_in_the_clients_terms(kind: Any, value: object, detail: str) -> None:
    with pytest.raises(Invalid) as caught:
        validate(value, kind)
    assert [error.detail for error in caught.value.errors] == [detail]


PLAIN_KINDS: list[Any] = [
    str, int, float, bool, bytes, Decimal, dt.date, dt.datetime, dt.time, dt.timedelta, uuid.UUID, Colour, Part, Whole,
    Literal["a", 1], Name, Annotated[str, Meta(min_length=2, max_length=3)],
    Annotated[int, Meta(ge=2, le=3)], Annotated[float, Meta(gt=1.5, lt=2.5)], Annotated[int, Meta(multiple_of=7)],
    Annotated[dt.datetime, Meta(tz=True)], Annotated[dt.time, Meta(tz=False)],
    Annotated[list[int], Meta(min_length=2, max_length=2)], Annotated[dict[str, int], Meta(min_length=2)],
]  # fmt: skip
KINDS: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(PLAIN_KINDS),
    lambda inner: inner.flatmap(
        lambda kind: st.sampled_from([kind | None, list[kind], tuple[kind, ...], tuple[kind, kind], dict[str, kind]])
    ),
    max_leaves=3,
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals()
    | st.sampled_from(["", "a", "abcd", "2026-02-30", "2026-06-15T09:30:00", "09:30:00Z", "circle", "ünï"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["size", "firstName", "parts", "type", "radius", "x"]), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
INTERNAL = re.compile(r"`|\b(Expected|Invalid|got|regex|str|int|bool|dict|float|array|datetime|timedelta|NoneType)\b")


@settings(max_examples=500)
@given(KINDS, VALUES)
def test_no_detail_contains_a_term_of_python(kind: Any, value: object) -> None:
    try:
        validate(value, kind)
    except Invalid as invalid:
        for error in invalid.errors:
            assert not INTERNAL.search(error.detail), error
            assert error.detail != "is not valid"
