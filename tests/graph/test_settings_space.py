"""Every combination of settings is either accepted, or rejected with the key of each wrong setting."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.contract import load_collections, routes
from infra.checks.deployable import NotDeployable, require_deployable
from infra.naming import Names
from infra.settings import StackSettings, load
from infra.stack_file import SettingsError
from tests.graph.covering import covering
from tests.graph.invalid_values import invalid_values, settings_of
from tests.graph.settings_space import (
    DEFAULT,
    DEFAULTS,
    EMAIL,
    GROUP,
    NIGHT,
    PLAN,
    VALUES,
    Row,
    broken,
    combinations_of,
    components,
    everything_on,
    groups,
    pairwise,
    values,
)  # fmt: skip

ROUTES = routes(load_collections())
NAMES = Names("gatehouse", "prod")
RICHEST = [DEFAULTS, *({**DEFAULTS, key: value} for key, each in VALUES.items() for value in each[1:])]
"""Each value once, for settings within lists and maps."""

sampled = settings(max_examples=150)


def reported(given_: dict[str, str]) -> set[str]:
    """Return the keys that are reported; an empty set if the settings are accepted."""
    try:
        load("gatehouse", "prod", given_)
    except SettingsError as error:
        return set(re.findall(r"^  gatehouse:(\S+): ", str(error), re.MULTILINE))
    return set()


def rows() -> st.SearchStrategy[Row]:
    return st.fixed_dictionaries({key: st.sampled_from(each) for key, each in VALUES.items()})


def within(value: Any, key: str) -> Iterator[Any]:
    """Yield the values at a key such as `issuers[].name` or `api.routes{}.throttleRate`."""
    step, _, rest = key.partition(".")
    name = step.rstrip("[]{}")
    if not isinstance(value, dict) or name not in value:
        return
    found = value[name]
    members = {"[]": list, "{}": lambda each: list(each.values())}.get(step.removeprefix(name), lambda each: [each])
    for each in members(found):
        if rest:
            yield from within(each, rest)
        else:
            yield each


def test_every_setting_is_in_the_space() -> None:
    used = [groups(row) for row in RICHEST]
    missing = [
        key
        for key, kind in settings_of(StackSettings)
        if not any(True for row in used for _ in within(row, key)) and not [*settings_of(kind)]
    ]
    assert missing == [], "add these to tests/graph/settings_space.py"


@pytest.mark.parametrize("keys", [each for each in components() if len(each) > 1], ids=lambda keys: keys[0])
def test_every_combination_of_connected_settings_is_accepted_or_rejected_by_name(keys: tuple[str, ...]) -> None:
    for found in combinations_of(keys):
        row = {**DEFAULTS, **found}
        assert reported(values(row)) == broken(row), found


@sampled
@given(row=rows())
def test_any_combination_of_all_settings_is_accepted_or_rejected_by_name(row: Row) -> None:
    assert reported(values(row)) == broken(row)


@settings(sampled, max_examples=25)
@given(data=st.data())
def test_any_valid_combination_can_be_deployed(data: st.DataObject) -> None:
    """Its documents can be rendered, and the largest response of its authorizer fits."""
    row: dict[str, Any] = {}
    for keys in components():
        row |= data.draw(st.sampled_from(list(combinations_of(keys, valid=True))))
    require_deployable(ROUTES, NAMES, load("gatehouse", "prod", values(row)))


def test_what_the_contract_excludes_is_rejected_by_name() -> None:
    found = 0
    for keys in components():
        for each in combinations_of(keys):
            row = {**DEFAULTS, **each}
            if not broken(row) and (late := broken(row, late=True)):
                with pytest.raises(NotDeployable) as raised:
                    require_deployable(ROUTES, NAMES, load("gatehouse", "prod", values(row)))
                assert set(re.findall(r"^  gatehouse:(\S+): ", str(raised.value), re.MULTILINE)) == late
                found += 1
                break
    assert found


INVALID = [
    (key, value) for key, kind in settings_of(StackSettings) if "{}" not in key for value in invalid_values(kind)
]


def test_every_value_that_a_type_excludes_is_rejected_by_name() -> None:
    accepted = [
        (key, value)
        for key, value in INVALID
        if not any(_is_at(each, key) for each in reported(with_value(key, value)))
    ]
    assert accepted == []
    assert len(INVALID) > 200


@settings(sampled, max_examples=60)
@given(found=st.lists(st.sampled_from(INVALID), min_size=2, max_size=6, unique_by=lambda each: group_of(each[0])))
def test_all_mistakes_are_reported_at_once(found: list[tuple[str, Any]]) -> None:
    given_ = values(DEFAULTS)
    for key, value in found:
        group = f"gatehouse:{group_of(key)}"
        given_[group] = with_value(key, value)[group]
    keys = reported(given_)
    assert [key for key, _ in found if not any(_is_at(each, key) for each in keys)] == []


def group_of(key: str) -> str:
    return key.partition(".")[0].removesuffix("[]")


def with_value(key: str, value: Any) -> dict[str, str]:
    """Return settings in which one has this value; lists that it is in have one item."""
    items = {
        "issuers": VALUES["issuers"][0],
        "plans": [PLAN],
        "schedules": [NIGHT],
        "subscriptions": [EMAIL],
        "ruleGroups": [GROUP],
    }
    found = json.loads(json.dumps({"issuers": items["issuers"]}))
    place: Any = found
    *path, last = key.split(".")
    for step in path:
        name = step.removesuffix("[]")
        place = place.setdefault(name, json.loads(json.dumps(items.get(name, {}))))
        place = place[0] if step.endswith("[]") else place
    place[last] = value
    own = {f"gatehouse:{name}": json.dumps(found.get(name, {})) for name in StackSettings.__struct_fields__}
    return {"aws:region": "us-east-1", **own}


def _is_at(reported_key: str, key: str) -> bool:
    """Return whether a reported key is a setting or a part of it."""
    return re.match(rf"{re.escape(key.replace('[]', '[0]'))}($|[.\[])", reported_key) is not None


@pytest.mark.parametrize("flavour", ["rest", "http"])
def test_everything_can_be_on_at_once(flavour: str) -> None:
    row = everything_on(flavour)
    assert reported(values(row)) == set()
    assert len([key for key, value in row.items() if value is not DEFAULT]) > 35


def test_every_pair_of_values_that_goes_together_is_in_a_row() -> None:
    found = pairwise()
    assert not any(broken(row) for row in found)
    valid = {keys: list(combinations_of(keys, valid=True)) for keys in components()}
    alone = {key: {repr(row[key]) for row in each} for keys, each in valid.items() for key in keys}
    for one, other in combinations(VALUES, 2):
        pairs = {(repr(row[one]), repr(row[other])) for row in found}
        (connected,) = ([keys for keys in valid if one in keys],)
        if other in connected[0]:
            expected = {(repr(row[one]), repr(row[other])) for row in valid[connected[0]]}
        else:
            expected = {(a, b) for a in alone[one] for b in alone[other]}
        assert pairs == expected, (one, other)


def test_a_covering_array_is_smaller_than_the_product() -> None:
    units = [[frozenset({f"{name}{value}"}) for value in range(3)] for name in "abcdefgh"]
    assert 9 <= len(covering(units)) <= 20  # of 6,561
