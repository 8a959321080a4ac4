"""Inputs taken one at a time."""

from __future__ import annotations

import pytest

from local.provider.properties import Properties, UnappliedError


def test_what_nobody_took_is_named_by_its_path() -> None:
    properties = Properties({"a": 1, "b": {"c": 2, "d": 3}, "e": [{"f": 4}, {"g": 5, "h": 6}], "i": 7})
    assert properties.take("a") == 1
    assert properties.group("b").take("c") == 2
    first, second = properties.groups("e")
    assert (first.take("f"), second.take("g")) == (4, 5)
    with pytest.raises(UnappliedError) as failure:
        properties.require_all_taken()
    assert str(failure.value) == "not applied locally: i, b.d, e[1].h"
    assert failure.value.paths == ("i", "b.d", "e[1].h")


def test_what_is_not_there_is_empty_and_leaves_nothing() -> None:
    properties = Properties({})
    assert properties.take("a") is None
    assert properties.take("a", 3) == 3
    assert properties.group("b").take("c") is None
    assert properties.groups("d") == []
    assert properties.take_all("e") == {}
    properties.require_all_taken()


def test_the_given_mapping_is_not_changed() -> None:
    given = {"a": {"b": 1}}
    Properties(given).group("a").take("b")
    assert given == {"a": {"b": 1}}
