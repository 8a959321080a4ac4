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


@settings(derandomize=True, max_examples=200)
@given(VALUES)
def test_what_is_stored_comes_back_equal(found: object) -> None:
    assert deserialize(serialize(found)) == found


@settings(derandomize=True, max_examples=200)
@given(NUMBERS)
def test_a_number_in_an_answer_is_the_number_that_was_stored(number: Decimal | int) -> None:
    text = Response(status=200, document={"number": deserialize(serialize(number))}).to_event({}, with_body=True)[
        "body"
    ]
    assert Decimal(json.loads(text, parse_float=Decimal, parse_int=Decimal)["number"]) == number


def test_whole_numbers_come_back_as_such() -> None:
    assert [deserialize({"N": text}) for text in ("3", "-3", "1.5", "1E+2")] == [3, -3, Decimal("1.5"), Decimal(100)]
    assert isinstance(deserialize({"N": "3"}), int)


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="set"):
        serialize({1, 2})
