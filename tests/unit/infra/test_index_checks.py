"""Indexes that DynamoDB would reject, and ranges of values that it would not sort, are found before a deployment."""

import datetime as dt
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, cast
from uuid import UUID

import msgspec
import pytest
from msgspec import UNSET, Meta, UnsetType

from handlers.contract import Collection, Model, load_collections
from infra.checks.index_checks import MAX_INDEXES, index_problems
from tests.unit.handlers.meetings import COLLECTION

Short = Annotated[str, Meta(min_length=1, max_length=256)]
Half = Annotated[str, Meta(max_length=128)]
Time = Annotated[dt.datetime, Meta(tz=True)]
Size = Enum("Size", {"SMALL": "s", "LARGE": "l"})


def or_none(kind: Any) -> Any:
    return kind | None


def problems(*fields: Any, **more: Any) -> list[str]:
    """Return the problems of a collection whose fields are named a, b, c and so on, by their types."""
    named = [
        (name, kind, msgspec.field(default=UNSET))
        for name, kind in zip("abcdefghijklmnopqrstuvwxyz", fields, strict=False)
    ]
    model = cast("type[Model]", msgspec.defstruct("Order", named, bases=(Model,), kw_only=True))
    return list(index_problems(Collection(name="orders", model=model, example={}, **more)))


@pytest.mark.parametrize("collection", [*load_collections(), COLLECTION], ids=lambda each: each.name)
def test_the_collections_of_the_program_and_of_the_tests_can_be_deployed(collection: Collection) -> None:
    assert list(index_problems(collection)) == []


@pytest.mark.parametrize(
    "kind",
    [
        dt.date, dt.date | None, UUID, int, Decimal, Short, Time, or_none(Short), or_none(Time),
        Annotated[int, Meta(ge=0)], Decimal | UnsetType,
    ],
)  # fmt: skip
def test_a_range_of_values_that_dynamodb_sorts_can_be_deployed(kind: Any) -> None:
    assert problems(kind, ranges=("a",)) == []


@pytest.mark.parametrize(
    "kind",
    [
        str, bool, dt.datetime, dt.time, dt.timedelta, float, bytes, list[str], dict[str, str], Size, Literal["x", "y"],
        dt.date | int, Annotated[dt.datetime, Meta(tz=False)], Annotated[str, Meta(min_length=1)],
        Annotated[str, Meta(max_length=256)], Annotated[str, Meta(min_length=1, max_length=257)],
    ],
)  # fmt: skip
def test_a_range_of_other_values_is_rejected(kind: Any) -> None:
    (message,) = problems(kind, ranges=("a",))
    assert message == (
        "orders.a: a range requires a date, a datetime with tz=True, a UUID, an integer, a Decimal, or a text with a "
        "min_length of at least 1 and a max_length of at most 256"
    )


def test_the_texts_of_one_index_must_fit_into_its_key_together() -> None:
    assert problems(Half, or_none(Half), int, filters=("a+b+c",)) == []
    long = Annotated[str, Meta(max_length=129)]
    message = "orders.a, orders.b: must have a max_length of at most 256 together, because it is in the key of an index"
    assert problems(Half, long, filters=("a+b",)) == [message]
    assert problems(Half, long, dt.date, ranges=("a+b+c",)) == [message]


@pytest.mark.parametrize("kind", [list[str], dict[str, int], tuple[int, int]])
def test_a_filter_by_several_values_is_rejected(kind: Any) -> None:
    assert problems(kind, filters=("a",)) == [
        "orders.a: a filter requires a single value: a text, a number, a date, a UUID, true or false"
    ]


def test_more_indexes_than_a_table_can_have_are_rejected() -> None:
    fields = [int] * (MAX_INDEXES + 1)
    names = tuple("abcdefghijklmnopqrstuvwxyz"[: len(fields)])
    assert problems(*fields, filters=names[:-1]) == []
    assert problems(*fields, filters=names) == ["orders: 21 indexes; DynamoDB allows 20 per table"]


def test_a_field_whose_name_cannot_be_part_of_an_indexs_name_is_rejected() -> None:
    model = cast(
        "type[Model]", msgspec.defstruct("Order", [("a", int, 0)], bases=(Model,), kw_only=True, rename={"a": "é"})
    )
    found = Collection(name="orders", model=model, example={}, filters=("é",))
    assert list(index_problems(found)) == [
        "orders: index by_é: DynamoDB requires a name that matches [a-zA-Z0-9_.-]{3,255}"
    ]
