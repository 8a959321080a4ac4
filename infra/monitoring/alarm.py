"""An alarm of CloudWatch, as data, its expressions of several metrics, and the thresholds of all alarms.

In a period without events, a metric has no value. An alarm would then evaluate its last values again, and one of
DynamoDB's metrics would keep its state forever, whatever `treatMissingData` is (AWS, "Configuring how CloudWatch alarms
treat missing data"). So expressions add a series of zeros, with which they always have a value: arithmetic treats
missing values as 0 (AWS, "Using math expressions with CloudWatch metrics").
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from infra.monitoring.metric import Metric

MAX_METRICS = 10
"""The greatest number of metrics that an alarm can evaluate (AWS, "Limits that apply to alarms")."""
ZERO = "TIME_SERIES(0)"
"""A series with the value 0 in every period."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An alarm. It goes off if the expression reaches or exceeds a threshold in `count` consecutive periods.

    `kind` is its section in docs/monitoring.md, and `subject` what it is about. `metrics` has those of the expression
    by their ids; `exceeds` says whether the threshold itself is not enough. `period` is in seconds.
    """

    name: str
    kind: str
    subject: str
    metrics: Mapping[str, Metric]
    expression: str
    threshold: float
    exceeds: bool = False
    period: int = 300
    count: int = 1


def total(ids: Sequence[str]) -> str:
    """Return the expression for the sum of metrics, by their ids."""
    return " + ".join((*ids, ZERO))


def greatest(ids: Sequence[str]) -> str:
    """Return the expression for the greatest of metrics. It has no value if none of them has one.

    `MAX` of a single series would be a number, the greatest of all periods, instead of a series.
    """
    return f"MAX([{', '.join(ids)}])" if len(ids) > 1 else ids[0]


def greatest_or_zero(ids: Sequence[str]) -> str:
    """Return the expression for the greatest of metrics, 0 if none of them has a value."""
    return greatest((*ids, ZERO))


def divided(
    name: str, metrics: Sequence[Metric], expression: Callable[[Sequence[str]], str], **values: Any
) -> Iterator[Alarm]:
    """Yield an alarm of the expression for every ten metrics."""
    for number, start in enumerate(range(0, len(metrics), MAX_METRICS), start=1):
        own = {f"m{index}": each for index, each in enumerate(metrics[start : start + MAX_METRICS])}
        first = name if number == 1 else f"{name}-{number}"
        yield Alarm(name=first, metrics=own, expression=expression([*own]), **values)


Percent = Annotated[float, Meta(ge=0.01, le=100)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """When alarms go off. Counts and rates are those of 5 minutes."""

    error_rate: Annotated[Percent, Meta(description="Percent of all requests that get a 5xx response.")] = 1.0
    min_errors: Annotated[
        Count, Meta(description="Errors below which the alarms of `errorRate` and `functionErrorRate` do not go off.")
    ] = 5
    latency: Annotated[
        int, Meta(ge=10, le=30_000, description="Milliseconds that the slowest 1 % of all requests take (p99).")
    ] = 3000
    min_requests: Annotated[Count, Meta(description="Requests below which the alarm of `latency` does not go off.")] = (
        100
    )
    function_error_rate: Annotated[
        Percent, Meta(description="Percent of a function's invocations that fail: crashes and timeouts.")
    ] = 1.0
    function_throttles: Annotated[Count, Meta(description="Throttled invocations of a collection's functions.")] = 1
    function_duration: Annotated[
        Percent, Meta(description="The p99 duration of a function, as a percentage of its timeout.")
    ] = 80.0
    concurrency: Annotated[
        Percent, Meta(description="Concurrent invocations, as a percentage of the reserved number or of the account's.")
    ] = 80.0
    account_concurrency: Annotated[
        Count, Meta(description="The account's quota of concurrent invocations. AWS's default; new accounts have less.")
    ] = 1000
    authorizer_faults: Annotated[Count, Meta(description="Tokens that could not be checked.")] = 5
    key_fetch_failures: Annotated[Count, Meta(description="Failed fetches of an issuer's keys, within 15 minutes.")] = 3
    revocation_failures: Annotated[Count, Meta(description="Decisions for which the denylist could not be read.")] = 5
    table_throttles: Annotated[
        Count, Meta(description="Reads and writes of a table and its indexes that DynamoDB throttled.")
    ] = 10
    table_errors: Annotated[
        Count, Meta(description="Requests to a table that failed in DynamoDB, before they were retried.")
    ] = 10
