"""The alarms of a stack, as data. docs/monitoring.md has a section for each kind, which explains its defaults.

Sources: AWS, "Amazon API Gateway dimensions and metrics" (REST), "Monitor CloudWatch metrics for HTTP APIs", "Types of
metrics for Lambda functions", "DynamoDB metrics and dimensions", "Using math expressions with CloudWatch metrics".
"""

from collections.abc import Iterator, Sequence

from infra.functions.function_settings import AUTHORIZER
from infra.monitoring.alarm import ZERO, Alarm, Thresholds, divided, greatest, greatest_or_zero, total
from infra.monitoring.metric import Metric
from infra.monitoring.monitored import Monitored

FAILURES = "(errors - unauthorized)"
"""The authorizer's crashes, timeouts and faults. It raises an exception for each 401 too, which Lambda counts."""


def alarms(stack: Monitored, thresholds: Thresholds) -> list[Alarm]:
    """Return all alarms of a stack."""
    kinds = (_api, _authorizer, _errors, _throttles, _durations, _concurrency, _tables)
    return [alarm for kind in kinds for alarm in kind(stack, thresholds)]


def _api(stack: Monitored, thresholds: Thresholds) -> Iterator[Alarm]:
    requests = stack.of_api("Count", "SampleCount")
    yield Alarm(
        name="api-5xx",
        kind="api-5xx",
        subject="responses with a status of 500 or more, in percent",
        metrics={"errors": stack.of_errors(5), "requests": requests},
        expression=_rate(thresholds, "errors"),
        threshold=thresholds.error_rate,
        exceeds=True,
    )
    yield Alarm(
        name="api-latency",
        kind="api-latency",
        subject="milliseconds of the slowest responses (p99)",
        metrics={"latency": stack.of_api("Latency", "p99"), "requests": requests},
        expression=f"IF((requests + {ZERO}) >= {thresholds.min_requests}, latency, 0)",
        threshold=thresholds.latency,
        exceeds=True,
        count=3,
    )


def _authorizer(stack: Monitored, thresholds: Thresholds) -> Iterator[Alarm]:
    """Yield the alarms about the authorizer's own metrics."""
    faults = stack.of_code("Decisions", dimensions={"outcome": "fault"})
    fetches = stack.of_code("KeyFetchFailures")
    found = [
        ("authorizer-faults", "tokens that could not be checked", faults, thresholds.authorizer_faults, 300),
        ("key-fetch-failures", "failed fetches of keys", fetches, thresholds.key_fetch_failures, 900),
    ]
    if stack.has_denylist:
        reads, subject = stack.of_code("RevocationFailures"), "decisions without the list of revoked tokens"
        found.append(("revocation-failures", subject, reads, thresholds.revocation_failures, 300))
    for kind, subject, metric, least, period in found:
        yield from divided(kind, [metric], total, kind=kind, subject=subject, threshold=least, period=period)


def _errors(stack: Monitored, thresholds: Thresholds) -> Iterator[Alarm]:
    for name in stack.all_functions:
        metrics = {"errors": stack.of_function(name, "Errors"), "requests": stack.of_function(name, "Invocations")}
        if name == AUTHORIZER:
            metrics["unauthorized"] = stack.of_code("Decisions", dimensions={"outcome": "unauthorized"})
        yield Alarm(
            name=f"{name}-errors",
            kind="function-errors",
            subject=f"failed invocations of {name}, in percent",
            metrics=metrics,
            expression=_rate(thresholds, FAILURES if name == AUTHORIZER else "errors"),
            threshold=thresholds.function_error_rate,
            exceeds=True,
            # Metrics in log lines arrive after Lambda's: in the latest period, some 401s would look like crashes.
            count=2 if name == AUTHORIZER else 1,
        )


def _throttles(stack: Monitored, thresholds: Thresholds) -> Iterator[Alarm]:
    for name, _, functions in stack.by_collection(lambda _: None):
        yield from divided(
            f"{name}-throttles",
            [stack.of_function(each, "Throttles") for each in functions],
            total,
            kind="function-throttles",
            subject=f"throttled invocations of {name}",
            threshold=thresholds.function_throttles,
        )


def _durations(stack: Monitored, thresholds: Thresholds) -> Iterator[Alarm]:
    for name, timeout, functions in stack.by_collection(stack.timeout):
        yield from divided(
            f"{name}-duration",
            [stack.of_function(each, "Duration", "p99") for each in functions],
            greatest_or_zero,
            kind="function-duration",
            subject=f"milliseconds of the slowest invocations of {name} (p99), which may take {timeout} s",
            threshold=_percent(thresholds.function_duration, timeout * 1000),
            count=3,
        )


def _concurrency(stack: Monitored, thresholds: Thresholds) -> Iterator[Alarm]:
    """Yield an alarm for functions with reserved concurrency, and one for the account, which all others share."""
    for name, reserved, functions in stack.by_collection(lambda each: stack.functions.of(each).reserved_concurrency):
        if reserved is not None:
            metrics = [stack.of_function(each, "ConcurrentExecutions", "Maximum") for each in functions]
            subject = f"concurrent invocations of {name}, for each function of which {reserved:,} are reserved"
            yield from _near(
                f"{name}-reserved-concurrency", metrics, subject, _percent(thresholds.concurrency, reserved)
            )
    limit = thresholds.account_concurrency
    subject = f"concurrent invocations in the account and region, which may have {limit:,}"
    metrics = [Metric("AWS/Lambda", "ClaimedAccountConcurrency", {}, "Maximum")]
    yield from _near("account-concurrency", metrics, subject, _percent(thresholds.concurrency, limit))


def _near(name: str, metrics: Sequence[Metric], subject: str, threshold: float) -> Iterator[Alarm]:
    # Not `greatest_or_zero`: the latest minute's value often arrives later, and would be 0.
    return divided(
        name, metrics, greatest, kind="concurrency", subject=subject, threshold=threshold, period=60, count=5
    )


def _tables(stack: Monitored, thresholds: Thresholds) -> Iterator[Alarm]:
    for table in stack.tables:
        parts = [{}, *({"GlobalSecondaryIndexName": each} for each in table.indexes)]
        yield from divided(
            f"{table.name}-table-throttles",
            [stack.of_table(table.name, f"{verb}ThrottleEvents", part) for part in parts for verb in ("Read", "Write")],
            total,
            kind="table-throttles",
            subject=f"throttled reads and writes of the table {table.name} and its indexes",
            threshold=thresholds.table_throttles,
        )
        yield from divided(
            f"{table.name}-table-errors",
            [stack.of_table(table.name, "SystemErrors", {"Operation": each}) for each in table.operations],
            total,
            kind="table-errors",
            subject=f"requests to the table {table.name} that failed in DynamoDB",
            threshold=thresholds.table_errors,
        )


def _rate(thresholds: Thresholds, errors: str) -> str:
    """Return the expression for the percentage of errors, if there are enough of them."""
    return f"IF(({errors} + {ZERO}) >= {thresholds.min_errors}, 100 * {errors} / requests, 0)"


def _percent(percentage: float, limit: int) -> float:
    return round(percentage * limit / 100, 6)
