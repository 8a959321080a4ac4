"""The planned alarms: what they evaluate, and thresholds that follow the settings."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from handlers.contract import load_collections, routes
from infra.functions.function_settings import FunctionSettings
from infra.monitoring import alarm_definitions
from infra.monitoring.alarm import Thresholds
from infra.monitoring.alarms import MAX_CHILDREN, _rules  # pyright: ignore[reportPrivateUsage]
from infra.monitoring.monitored import Monitored
from infra.naming import Names
from infra.packaging.bundles import ROOT
from local.emulator.metric_math import evaluate
from local.plans.architecture import Architecture
from local.plans.plan import example
from tests.graph.alarm_rules import ALARM, COMPOSITE, TOPIC


def alarms(**settings: str) -> dict[str, Mapping[str, Any]]:
    """Return the inputs of the alarms of a stack, by their logical names."""
    planned = Architecture(example(ROOT, "dev", {"monitoring.enabled": "true", **settings}))
    return {each.name: each.inputs for each in planned.deployment.of_type(ALARM)}


def kinds(found: Mapping[str, Mapping[str, Any]]) -> set[str]:
    return {each["alarmDescription"].partition("#")[2] for each in found.values()}


def state(alarm: Mapping[str, Any], **metrics: float | None) -> bool | None:
    """Return whether an alarm's expression breaches its threshold; None if it has no value."""
    value = evaluate(alarm["metricQueries"][-1]["expression"], metrics)
    if value is None:
        return None
    exceeds = alarm["comparisonOperator"] == "GreaterThanThreshold"
    return value > alarm["threshold"] if exceeds else value >= alarm["threshold"]


def test_the_runbook_can_be_elsewhere() -> None:
    for each in alarms(**{"monitoring.runbook": "https://wiki.example.com/it"}).values():
        assert ". Runbook: https://wiki.example.com/it#" in each["alarmDescription"]


def test_without_a_denylist_nothing_watches_it() -> None:
    assert "revocation-failures" not in kinds(alarms(**{"revocation.enabled": "false"}))


def test_a_few_errors_are_no_incident() -> None:
    alarm = alarms()["api-5xx"]
    assert not state(alarm, errors=4, requests=4)
    assert state(alarm, errors=5, requests=499)
    assert not state(alarm, errors=5, requests=500)
    assert state(alarm, errors=None, requests=None) is False


def test_rejected_tokens_are_not_errors_of_the_authorizer() -> None:
    alarm = alarms()["authorizer-errors"]
    assert not state(alarm, errors=300, requests=400, unauthorized=300)
    assert state(alarm, errors=305, requests=400, unauthorized=300)
    assert state(alarm, errors=5, requests=400, unauthorized=None), "crashes leave no line, so there are no decisions"


def test_one_throttled_invocation_is_enough() -> None:
    alarm = alarms()["items-throttles"]
    names = [each["id"] for each in alarm["metricQueries"][:-1]]
    assert state(alarm, **dict.fromkeys(names, None) | {names[3]: 1})
    assert not state(alarm, **dict.fromkeys(names, None) | {names[3]: 0})


def test_a_duration_is_measured_by_the_functions_own_timeout() -> None:
    overrides = json.dumps({"items-list": {"timeout": 20}})
    found = alarms(**{"functions.timeout": "10", "functions.overrides": overrides})
    assert {name: each["threshold"] for name, each in found.items() if name.startswith("items") and "dur" in name} == {
        "items-duration": 8000, "items-list-duration": 16000,
    }  # fmt: skip


def names_of(collections: Sequence[str], functions: FunctionSettings) -> list[str]:
    """Return the names of the alarms of a stack with collections of these names."""
    found = [replace(load_collections()[0], name=each) for each in collections]
    gateway = cast("Any", SimpleNamespace(api_id="a1", stage_name="prod"))
    stack = Monitored(Names("gatehouse", "prod"), routes(found), functions, gateway, has_denylist=True)
    return [each.name for each in alarm_definitions.alarms(stack, Thresholds())]


@pytest.mark.parametrize("layout", ["operation", "collection", "single"])
def test_alarms_have_different_names_whatever_collections_are_called(layout: str) -> None:
    functions = FunctionSettings(layout=cast("Any", layout), reserved_concurrency=5)
    found = names_of(["account", "api", "incident", "key", "table", "handlers"], functions)
    assert len(set(found)) == len(found)


def test_many_alarms_need_only_one_alarm_of_composite_alarms() -> None:
    names = names_of([f"{'c' * 26}{number:04}" for number in range(150)], FunctionSettings())
    assert len(names) > 1500
    parts = list(_rules([f"{'p' * 24}-{name}" for name in names]))
    assert len(list(_rules([f"{'p' * 24}-incident-{number}" for number in range(len(parts))]))) == 1


def test_a_threshold_is_above_zero_however_small_the_percentage_is() -> None:
    thresholds = json.dumps({"concurrency": 0.01})
    found = alarms(**{"functions.reservedConcurrency": "1", "monitoring.thresholds": thresholds})
    assert found["items-reserved-concurrency"]["threshold"] == 0.0001


def test_an_alarm_of_concurrency_is_not_hidden_by_a_minute_whose_data_arrives_later() -> None:
    found = alarms(**{"functions.reservedConcurrency": "5"})
    assert state(found["account-concurrency"], m0=None) is None
    functions = found["items-reserved-concurrency"]
    none = dict.fromkeys((each["id"] for each in functions["metricQueries"][:-1]), None)
    assert state(functions, **none) is None
    assert state(functions, **none | {"m1": 4})


def test_thresholds_are_settings() -> None:
    found = alarms(**{"monitoring.thresholds": json.dumps({"functionErrorRate": 5, "tableThrottles": 99})})
    assert found["items-read-errors"]["threshold"] == 5
    assert found["items-table-throttles"]["threshold"] == 99
    assert alarms()["items-read-errors"]["threshold"] == 1


@pytest.mark.parametrize("notify", ["true", "false"])
def test_the_end_of_an_incident_is_a_message_if_that_is_wanted(notify: str) -> None:
    settings = {"monitoring.enabled": "true", "monitoring.notifyRecovery": notify}
    planned = Architecture(example(ROOT, "dev", settings)).deployment
    (composite,), (topic,) = planned.of_type(COMPOSITE), planned.of_type(TOPIC)
    assert composite.inputs["alarmActions"] == [topic.outputs["arn"]]
    assert composite.inputs.get("okActions") == ([topic.outputs["arn"]] if notify == "true" else None)


@pytest.mark.parametrize(("count", "length", "rules"), [(100, 10, 1), (101, 10, 2), (60, 255, 2), (1, 10, 1)])
def test_rules_of_composite_alarms_keep_the_limits(count: int, length: int, rules: int) -> None:
    names = [f"{number:0{length}}" for number in range(count)]
    found = list(_rules(names))
    assert len(found) == rules
    assert all(each.count("ALARM(") <= MAX_CHILDREN and len(each) <= 10_240 for each in found)
    assert " OR ".join(found) == " OR ".join(f'ALARM("{name}")' for name in names)
