"""Alarms of expressions and of metrics with dimensions.

AWS: an alarm evaluates a metric with exactly its dimensions, or an expression of several metrics, in each of its last
periods, and goes off if enough of them breach the threshold; `treatMissingData` says what a period without a value is.
MiniStack stores no expressions, ignores dimensions, and combines all periods into one.

Like MiniStack, this evaluates alarms when metrics arrive.
"""

from __future__ import annotations

import operator
import time
from typing import TYPE_CHECKING, Any, Final

from local.emulator.metric_math import Number, evaluate
from local.emulator.ministack_internals import ALARMS, Original, Response, internal, patch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def apply() -> None:
    """Store expressions, and evaluate all alarms as AWS does."""
    patch(ALARMS, "_put_metric_alarm", _put)
    patch(ALARMS, "_evaluate_alarm", _evaluate)


def _put(original: Original, params: Any, body: Mapping[str, Any] | None, *flags: Any, **more: Any) -> Response:
    response: Response = original(params, body, *flags, **more)
    if body and body.get("Metrics"):
        alarm = internal(ALARMS, "_alarms")[body["AlarmName"]]
        alarm["Metrics"] = body["Metrics"]
        internal(ALARMS, "_evaluate_alarm")(alarm)
    return response


def _evaluate(_original: Original, alarm: dict[str, Any]) -> None:
    if not (alarm.get("Metrics") or alarm.get("MetricName")):
        return  # its expression has not been stored yet
    now, count = time.time(), alarm["EvaluationPeriods"]
    values = [_value(_queries(alarm), now, index) for index in range(count)]
    missing = _missing(alarm)
    if all(value is None for value in values) and missing in ("missing", "ignore"):
        return
    breaches = [missing == "breaching" if value is None else _is_breach(alarm, value) for value in values]
    state = "ALARM" if sum(breaches) >= (alarm.get("DatapointsToAlarm") or count) else "OK"
    before = alarm["StateValue"]
    if state != before:
        reason = f"Threshold Crossed: {sum(breaches)} of the last {count} datapoints {values}"
        alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(now))
        internal(ALARMS, "_record_history")(alarm["AlarmName"], before, state, reason)
        internal(ALARMS, "_dispatch_alarm_actions")(alarm, before, state, reason)
        internal(ALARMS, "_evaluate_parent_alarms")(alarm)


def _missing(alarm: Mapping[str, Any]) -> str:
    """Return what a period without a value is. AWS, "PutMetricAlarm": always "ignore" for metrics of DynamoDB."""
    stored = [each["MetricStat"]["Metric"]["Namespace"] for each in _queries(alarm) if each.get("MetricStat")]
    return "ignore" if "AWS/DynamoDB" in stored else alarm["TreatMissingData"]


def _queries(alarm: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the queries of an alarm; one of a single metric has one."""
    if alarm.get("Metrics"):
        return alarm["Metrics"]
    metric = {name: alarm.get(name) for name in ("Namespace", "MetricName", "Dimensions")}
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic")
    return [{"Id": "m", "MetricStat": {"Metric": metric, "Period": alarm["Period"], "Stat": statistic}}]


def _value(queries: Sequence[Mapping[str, Any]], now: float, index: int) -> Number:
    """Return the result of an alarm's queries, `index` periods before `now` (seconds since 1970)."""
    metrics = {each["Id"]: _stored(each["MetricStat"], now, index) for each in queries if each.get("MetricStat")}
    expression = next((str(each["Expression"]) for each in queries if each.get("Expression")), None)
    return evaluate(expression, metrics) if expression is not None else next(iter(metrics.values()))


def _stored(query: Mapping[str, Any], now: float, index: int) -> Number:
    """Return a metric's statistic `index` periods before `now`."""
    metric, period = query["Metric"], query["Period"]
    dimensions = {each["Name"]: each["Value"] for each in metric.get("Dimensions") or ()}
    key = (metric["Namespace"], metric["MetricName"], internal(ALARMS, "_dims_key")(dimensions))
    end = now - index * period
    points = [each for each in internal(ALARMS, "_metrics").get(key, ()) if end - period < each["Timestamp"] <= end]
    if not points:
        return None
    return internal(ALARMS, "_stat_value")(internal(ALARMS, "_calc_stats")(points), query["Stat"], points)


_COMPARISONS: Final[dict[str, Callable[[float, float], bool]]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def _is_breach(alarm: Mapping[str, Any], value: float) -> bool:
    return _COMPARISONS[alarm["ComparisonOperator"]](value, alarm["Threshold"])
