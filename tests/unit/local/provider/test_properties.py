"""Inputs are removed one by one, and unsupported ones are reported."""

from __future__ import annotations

import pytest

from local.provider.properties import Properties, UnsupportedInputError


def test_unused_properties_are_reported_with_their_paths() -> None:
    properties = Properties({"a": 1, "b": {"c": 2, "d": 3}, "e": [{"f": 4}, {"g": 5, "h": 6}], "i": 7})
    assert properties.pop("a") == 1
    assert properties.pop_object("b").pop("c") == 2
    first, second = properties.pop_objects("e")
    assert (first.pop("f"), second.pop("g")) == (4, 5)
    with pytest.raises(UnsupportedInputError) as failure:
        properties.require_all_used()
    assert str(failure.value) == "not supported locally: i, b.d, e[1].h"
    assert failure.value.paths == ("i", "b.d", "e[1].h")


def test_missing_properties_are_empty() -> None:
    properties = Properties({})
    assert properties.pop("a") is None
    assert properties.pop("a", 3) == 3
    assert properties.pop_object("b").pop("c") is None
    assert properties.pop_objects("d") == []
    assert properties.pop_many("e") == {}
    properties.require_all_used()


def test_the_mapping_itself_is_not_changed() -> None:
    given = {"a": {"b": 1}}
    Properties(given).pop_object("a").pop("b")
    assert given == {"a": {"b": 1}}
