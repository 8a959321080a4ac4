"""Property paths, and the options ignore_changes and replace_on_changes."""

from __future__ import annotations

from typing import Any

import pytest

from local.engine.paths import contains, differences, parse, replacing, with_ignored_changes
from local.engine.values import Secret


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("tags", ("tags",)),
        ("a.b[0].c", ("a", "b", 0, "c")),
        ('tags["a.b"]', ("tags", "a.b")),
        ('["x\\"y"]', ('x"y',)),
        ("rules[*].port", ("rules", "*", "port")),
        ("*", ("*",)),
    ],
)
def test_a_path_is_parsed(text: str, path: tuple[str | int, ...]) -> None:
    assert parse(text) == path


@pytest.mark.parametrize("text", [".a", "a[", "a[x]", 'a["b'])
def test_an_invalid_path_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="invalid property path"):
        parse(text)


@pytest.mark.parametrize(
    ("path", "other", "expected"),
    [("a", "a", True), ("a", "a.b", True), ("a.b", "a", False), ("*", "a.b", True), ("a[*].c", "a[1].c.d", True)],
)
def test_a_path_contains_the_properties_below_it(path: str, other: str, *, expected: bool) -> None:
    assert contains(parse(path), parse(other)) is expected


def test_the_innermost_differences_are_found() -> None:
    old = {"a": {"b": [1, 2], "c": 1}, "secret": Secret("x"), "same": 1}
    new = {"a": {"b": [1, 3, 4], "c": 1}, "secret": "x", "same": 1, "more": {"d": 1}}
    assert list(differences(old, new)) == [("a", "b", 1), ("a", "b", 2), ("more",)]


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("a", {"a": 1}, {"a": 2, "b": 2}, {"a": 1, "b": 2}),
        ("a", {}, {"a": 2}, {}),
        ("a", {"a": 1}, {}, {"a": 1}),
        ("a.b", {"a": {"b": 1}}, {"a": {"b": 2, "c": 3}}, {"a": {"b": 1, "c": 3}}),
        ("a.b", {}, {"a": {"b": 2, "c": 3}}, {"a": {"c": 3}}),
        ("a.b", {"a": {"b": 1}}, {}, {}),
        ("a[1]", {"a": [1, 2]}, {"a": [3, 4]}, {"a": [3, 2]}),
        ("a[1]", {"a": [1]}, {"a": [3, 4]}, {"a": [3, 4]}),
        (
            "a[*].b",
            {"a": [{"b": 1}, {"b": 2}]},
            {"a": [{"b": 3}, {"b": 4, "c": 5}]},
            {"a": [{"b": 1}, {"b": 2, "c": 5}]},
        ),
        ("a[*].b", {"a": [{"b": 1}]}, {"a": [{"b": 3}, {"b": 4}]}, {"a": [{"b": 1}, {"b": 4}]}),
        ("a[*].b", {"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 3}]}, {"a": [{"b": 1}]}),
        ("a.*", {"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1}}),
        ("*", {"b": 1}, {"b": 2, "c": 2}, {"b": 1}),
    ],
)
def test_ignored_changes_keep_the_old_value(
    path: str, old: dict[str, Any], new: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert with_ignored_changes(new, old, [path]) == expected


def test_ignoring_changes_does_not_modify_the_given_values() -> None:
    new = {"a": {"b": [2]}}
    with_ignored_changes(new, {"a": {"b": [1]}}, ["a.b[0]"])
    assert new == {"a": {"b": [2]}}


@pytest.mark.parametrize(
    ("option", "expected"), [("a", ("a",)), ("*", ("a", "b")), ("a.x", ()), ("a.y", ("a",)), ("unchanged", ())]
)
def test_changes_can_require_a_replacement(option: str, expected: tuple[str, ...]) -> None:
    old, new = {"a": {"x": 1, "y": 1}, "b": 1, "unchanged": 1}, {"a": {"x": 1, "y": 2}, "b": 2, "unchanged": 1}
    assert replacing(old, new, ("a", "b"), [option]) == expected
