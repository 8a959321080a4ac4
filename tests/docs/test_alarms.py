"""docs/monitoring.md has a section for each kind of alarm, with the settings of its threshold."""

import re

from infra.monitoring.alarm import Thresholds
from infra.monitoring.monitoring_settings import PAGE
from infra.packaging.bundles import ROOT
from local.plans.plan import plan

MEANING = (ROOT / PAGE).read_text().partition("\n## What the alarms mean\n")[2].partition("\n## ")[0]


def test_the_runbook_of_every_alarm_is_a_section_of_the_page() -> None:
    overrides = {"monitoring.enabled": "true", "revocation.enabled": "true"}
    alarms = [each.inputs for each in plan(ROOT, "prod", overrides).custom if each.type.endswith("MetricAlarm")]
    links = {each["alarmDescription"].partition(f" Runbook: {PAGE}#")[2] for each in alarms}
    assert links == set(re.findall(r"^### (.+)$", MEANING, re.MULTILINE))


def test_every_threshold_is_named_by_the_alarm_that_has_it() -> None:
    names = {re.sub(r"_(\w)", lambda found: found[1].upper(), name) for name in Thresholds.__struct_fields__}
    assert names <= set(re.findall(r"`(\w+)`", MEANING))


def alarms_of(layout: str) -> tuple[int, int, float]:
    """Return the number of prod's alarms and of their metrics, and what they cost a month, in dollars."""
    found = plan(ROOT, "prod", {"functions.layout": layout}).custom
    alarms = [each.inputs for each in found if "MetricAlarm" in each.type]
    metrics = sum("metric" in query for each in alarms for query in each["metricQueries"])
    return len(alarms), metrics, metrics * 0.10 + 0.50 + 1.00


def test_the_page_says_how_many_alarms_the_stack_has_and_what_they_cost() -> None:
    text = " ".join((ROOT / PAGE).read_text().split())
    number, metrics, cost = alarms_of("operation")
    assert f"gets {number} alarms on {metrics} metrics" in text
    assert f"together ${cost:.2f} a month" in text
    *_, less = alarms_of("collection")
    assert f"| ${cost:.2f} | `functions.layout: collection`: ${less:.2f} |" in text
