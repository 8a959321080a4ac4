"""The metrics of a run: those that functions log, and those that API Gateway and Lambda would record of the same run.

The emulator records no metrics of API Gateway, and those of Lambda only for calls of its API. API Gateway's are in the
stage's access log, and errors of functions in the functions' output.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.provider.connection import Connection

RECORDED: Final = frozenset(
    {("AWS/Lambda", "Errors")} | {("AWS/ApiGateway", name) for name in ("Count", "4XXError", "5XXError", "Latency")}
)
"""The metrics of AWS that a run has, besides Gatehouse's own."""


@dataclass(frozen=True)
class Sample:
    """A value of a metric; `time` is in seconds since 1970."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    time: float
    value: float


def of_functions(log: Path, prefix: str) -> Iterator[Sample]:
    """Yield the metrics of the functions whose names start with a prefix, from the file with their output.

    An exception's line has no time, so that of the function's last line with one applies.
    """
    times: dict[str, float] = {}
    for text in log.read_text().splitlines():
        function, _, line = text.partition(" | ")
        if not (function.startswith(prefix) and line.startswith("{")):
            continue
        values: dict[str, Any] = json.loads(line)
        if "_aws" in values:
            times[function] = values["_aws"]["Timestamp"] / 1000
            yield from _embedded(values)
        elif "errorType" in values and function in times:
            yield Sample("AWS/Lambda", "Errors", {"FunctionName": function}, times[function], 1)


def _embedded(line: Mapping[str, Any]) -> Iterator[Sample]:
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: line[name] for name in names}
            for name in (metric["Name"] for metric in directive["Metrics"]):
                yield Sample(directive["Namespace"], name, dimensions, line["_aws"]["Timestamp"] / 1000, line[name])


def of_api(connection: Connection, group: str, dimensions: Mapping[str, str]) -> Iterator[Sample]:
    """Yield the metrics of a REST API's stage with these dimensions, from its access log."""
    pages = connection.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    for event in (event for page in pages for event in page["events"]):
        line: dict[str, str] = json.loads(event["message"])
        for name, value in _of_request(line):
            yield Sample("AWS/ApiGateway", name, dimensions, event["timestamp"] / 1000, value)


def _of_request(line: Mapping[str, str]) -> Iterator[tuple[str, float]]:
    status = int(line["status"])
    yield "Count", 1
    yield "4XXError", float(status // 100 == 4)  # noqa: PLR2004
    yield "5XXError", float(status // 100 == 5)  # noqa: PLR2004
    yield "Latency", float(line["milliseconds"])
