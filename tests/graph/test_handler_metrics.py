"""The handlers' metrics in the planned program: when they are on, their dimensions, and at which log levels."""

import msgspec
import pytest

from handlers.metrics import MetricSettings
from infra.packaging.bundles import ROOT
from local.plans.plan import plan
from tests.graph.conftest import Graph

FUNCTION = "lambda/function:Function"
ON = {"monitoring.enabled": "true"}


def functions(settings: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return the environment variables of each function with its log level, `LEVEL`."""
    found = Graph(plan(ROOT, "dev", settings)).of_type(FUNCTION)
    return {
        name: {
            **each.inputs.get("environment", {}).get("variables", {}),
            "LEVEL": each.inputs["loggingConfig"]["applicationLogLevel"],
        }
        for name, each in found.items()
    }


@pytest.mark.parametrize("settings", [{}, ON | {"monitoring.handlerMetrics": "none"}])
def test_the_metrics_are_off_without_monitoring_or_by_a_setting(settings: dict[str, str]) -> None:
    assert not [name for name, each in functions(settings).items() if "METRICS" in each]


@pytest.mark.parametrize("layout", ["operation", "collection", "single"])
@pytest.mark.parametrize(("by", "dimensions"), [("route", ("collection", "operation")), ("operation", ("operation",))])
def test_every_handler_gets_its_stack_and_the_dimensions(layout: str, by: str, dimensions: tuple[str, ...]) -> None:
    found = functions(ON | {"functions.layout": layout, "monitoring.handlerMetrics": by})
    assert "METRICS" not in found.pop("authorizer")
    for each in found.values():
        metrics = msgspec.json.decode(each["METRICS"], type=MetricSettings)
        assert metrics == MetricSettings("gatehouse", "dev", dimensions)


@pytest.mark.parametrize(
    ("level", "expected"), [("DEBUG", "DEBUG"), ("INFO", "INFO"), ("WARN", "INFO"), ("ERROR", "INFO")]
)
def test_no_log_level_drops_the_lines_with_metrics(level: str, expected: str) -> None:
    found = functions(ON | {"logs.level": level})
    assert {each["LEVEL"] for each in found.values()} == {expected}


def test_without_metrics_the_log_level_applies() -> None:
    found = functions(ON | {"logs.level": "WARN", "monitoring.handlerMetrics": "none"})
    assert found.pop("authorizer")["LEVEL"] == "INFO"
    assert {each["LEVEL"] for each in found.values()} == {"WARN"}


def test_an_override_of_the_log_level_does_not_drop_the_metrics() -> None:
    found = functions(ON | {"functions.overrides": '{"items": {"logLevel": "ERROR"}}'})
    assert found["items-list"]["LEVEL"] == "INFO"
