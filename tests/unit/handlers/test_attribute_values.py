"""Values survive the round trip through DynamoDB exactly."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.attribute_values import deserialize, serialize
from handlers.http import Response

NUMBERS = st.integers(-(10**37), 10**37) | st.decimals(
    min_value=-(10**20), max_value=10**20, allow_nan=False, allow_infinity=False, places=6
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.text() | NUMBERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200)
@given(VALUES)
def test_a_stored_value_is_read_back_unchanged(found: object) -> None:
    assert deserialize(serialize(found)) == found


@settings(max_examples=200)
@given(NUMBERS)
def test_a_number_in_a_response_is_the_stored_number(number: Decimal | int) -> None:
    text = Response(status=200, document={"number": deserialize(serialize(number))}).to_event({}, with_body=True)[
        "body"
    ]
    assert Decimal(json.loads(text, parse_float=Decimal, parse_int=Decimal)["number"]) == number


def test_whole_numbers_are_read_back_as_integers() -> None:
    assert [deserialize({"N": text}) for text in ("3", "-3", "1.5", "1E+2")] == [3, -3, Decimal("1.5"), Decimal(100)]
    assert isinstance(deserialize({"N": "3"}), int)


def test_a_value_that_is_not_json_is_rejected() -> None:
    with pytest.raises(TypeError, match="set"):
        serialize({1, 2})
