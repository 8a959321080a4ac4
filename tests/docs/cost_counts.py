"""What docs/cost.md counts in the plan of its example: the stack `prod` with the settings that the page shows."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
import yaml

from authorizer import log
from handlers.contract import OPERATIONS, load_collections, routes
from handlers.contract.operation import HANDLER_PROBLEMS, WRITE_PROBLEMS
from handlers.metrics import METRICS, MetricSettings
from infra.packaging.bundles import ROOT
from local.plans.plan import plan
from tests.docs.cost import PAGE, Flavour
from tests.docs.pages import blocks

REST_ONLY = {
    "usage.plans": "[]",
    "usage.keys": "authorizer",
    "api.cache": "{}",
    "api.validateBodies": "false",
    "waf.enabled": "false",
    "functions.tracing": "false",
}
"""What the example's HTTP API does without (`infra/api/rest_only.py`)."""

OUTCOMES = 4
"""The values of the authorizer's dimension `outcome`."""


@cache
def counted(flavour: Flavour, *changes: tuple[str, str]) -> dict[str, float]:
    """Return the numbers of the example's resources and metrics, by their names on the page.

    `changes` are other settings and their values.
    """
    without = REST_ONLY if flavour == "http" else {}
    found = plan(ROOT, "prod", {**_example(), "api.flavour": flavour, **without, **dict(changes)}).custom
    collections = load_collections()

    def of(kind: str) -> list[Mapping[str, Any]]:
        return [each.inputs for each in found if each.type.endswith(f":{kind}")]

    return {
        "functions": len(of("Function")),
        "tables": len([each for each in of("Table") if "rangeKey" in each]),
        "denylists": len([each for each in of("Table") if "rangeKey" not in each]),
        "indexes": sum(len(each.indexes) for each in collections) / len(collections),
        "operations": len(routes(collections)),
        "handler_metrics": _handler_metrics(of("Function")),
        "authorizer_metrics": _authorizer_metrics(),
        "alarms": len(of("MetricAlarm")) + len(of("CompositeAlarm")),
        "alarm_metrics": sum(_metrics(each) for each in of("MetricAlarm")),
        "composites": len(of("CompositeAlarm")),
        "dashboards": len(of("Dashboard")),
        "keys": len(of("Key")),
        "firewalls": len(of("WebAcl")),
        "rules": sum(len(each["rules"]) for each in of("WebAcl")),
        "recovered": int(any(each.get("pointInTimeRecovery", {}).get("enabled") for each in of("Table"))),
        "backup_days": sum(rule["lifecycle"]["deleteAfter"] for each in of("Plan") for rule in each["rules"]),
    }


def _example() -> dict[str, str]:
    """Return the page's settings in the form of `--set`."""
    (block,) = (each for each in blocks("yaml") if each.page == PAGE and each.kind == "example")
    groups: Mapping[str, Mapping[str, Any]] = yaml.safe_load(block.text)
    return {
        f"{group.removeprefix('gatehouse:')}.{name}": msgspec.json.encode(value).decode().strip('"')
        for group, values in groups.items()
        for name, value in values.items()
    }


def _metrics(alarm: Mapping[str, Any]) -> int:
    """Return the number of metrics that an alarm evaluates."""
    return sum("metric" in query for query in alarm.get("metricQueries", ())) or 1


def _handler_metrics(functions: Sequence[Mapping[str, Any]]) -> int:
    """Return the number of the handlers' metrics, if each kind of problem has occurred."""
    variables = [each.get("environment", {}).get("variables", {}) for each in functions]
    found = [msgspec.json.decode(each[METRICS], type=MetricSettings) for each in variables if METRICS in each]
    if not found:
        return 0
    values = {"collection": len(load_collections()), "operation": len(OPERATIONS)}
    series = 1
    for name in found[0].by:
        series *= values[name]
    problems = {each.slug for one in OPERATIONS for each in (*HANDLER_PROBLEMS, *WRITE_PROBLEMS, *one.problems)}
    return 3 * series + len(problems)


def _authorizer_metrics() -> int:
    """Return the number of the authorizer's metrics, if each outcome has occurred."""
    return sum(OUTCOMES if by_outcome else 1 for by_outcome in _by_outcome())


def _by_outcome() -> Iterator[bool]:
    """Yield for each of the authorizer's metrics whether the outcome is a dimension of it."""
    for directive in msgspec.json.decode(log.Metadata(0).directives):
        for dimensions in directive["Dimensions"]:
            for _ in directive["Metrics"]:
                yield "outcome" in dimensions
