"""The rows of the dashboard, from the top: what clients notice first, and then what may be the cause."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from handlers.metrics import NAMESPACE, MetricSettings
from infra.monitoring.widgets import (
    TOP,
    Expression,
    Metric,
    Series,
    Statistic,
    Widget,
    alarm_states,
    graph,
    highest,
    search,
    text,
)

RED, ORANGE, GREEN, BLUE, GREY = "#d62728", "#ff7f0e", "#2ca02c", "#1f77b4", "#7f7f7f"

ERRORS: Final = {"ApiName": ("5XXError", "4XXError"), "ApiId": ("5xx", "4xx")}
"""The metrics of errors, by the dimension of the API (AWS, "Amazon API Gateway dimensions and metrics")."""

OUTCOMES: Final = {"allow": GREEN, "deny": ORANGE, "unauthorized": GREY, "fault": RED}
"""The outcomes of the authorizer's decisions."""

OPERATIONS: Final = (
    "GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchGetItem"
)  # fmt: skip
"""The operations of DynamoDB that the functions call."""

HEADER: Final = """# {project}-{stack}
Read from the top: what clients notice, then the authorizer, the handlers, the functions and the tables. Graphs with a \
line per route, function or table show the {top} highest.
{links}"""


@dataclass(frozen=True, kw_only=True)
class Subjects:
    """What the dashboard shows. `api` and `stack` are dimensions; functions and tables are by their logical names."""

    stack: Mapping[str, str]
    region: str
    api: Mapping[str, str]
    functions: Mapping[str, str]
    authorizer: str
    tables: Mapping[str, str]
    alarms: Sequence[str]
    metrics: MetricSettings | None
    runbook: str | None


class Rows:
    """The rows of widgets for the subjects."""

    def __init__(self, subjects: Subjects) -> None:
        self.of = subjects

    def all(self) -> Iterator[list[Widget]]:
        """Yield all rows."""
        yield [self._header()]
        if self.of.alarms:
            yield [alarm_states("Alarms", self.of.alarms)]
        yield self._api()
        yield self._authorizer()
        if self.of.metrics:
            yield self._handlers(self.of.metrics)
        yield self._functions()
        yield self._tables()

    def _header(self) -> Widget:
        runbook = [f"[Runbook]({self.of.runbook})"] if self.of.runbook else []
        links = [*runbook, "[Logs Insights](#logsV2:logs-insights)", "[All alarms](#alarmsV2:)"]
        return text(HEADER.format(**self.of.stack, top=TOP, links=" · ".join(links)), height=3)

    def _api(self) -> list[Widget]:
        def line(name: str, label: str, color: str, statistic: Statistic = "Sum") -> Metric:
            return Metric("AWS/ApiGateway", name, self.of.api, statistic, label=label, color=color)

        server, client = next(names for key, names in ERRORS.items() if key in self.of.api)
        latency = [
            line("Latency", "p99", RED, "p99"),
            line("Latency", "p50", BLUE, "p50"),
            line("IntegrationLatency", "p99 of the functions", GREY, "p99"),
        ]
        return [
            self._graph("Traffic", [line("Count", "requests", BLUE)]),
            self._graph("Errors", [line(server, "5xx", RED), line(client, "4xx", ORANGE)]),
            self._graph("Latency", latency, "milliseconds"),
        ]

    def _authorizer(self) -> list[Widget]:
        decisions = [
            Metric(
                NAMESPACE, "Decisions", {**self.of.stack, "outcome": outcome}, label=outcome, color=color, id=outcome
            )
            for outcome, color in OUTCOMES.items()
        ]
        of_function = {"FunctionName": self.of.authorizer}
        failures = [
            Metric("AWS/Lambda", "Errors", of_function, id="errors", hidden=True),
            *(each.as_hidden() for each in decisions if each.id == "unauthorized"),
            # Each 401 is an error of the function too; what is left includes what ends before a decision is logged.
            Expression("FILL(errors, 0) - FILL(unauthorized, 0)", label="faults, crashes and timeouts", color=RED),
            self._own("KeyFetchFailures", "failed fetches of keys", ORANGE),
            self._own("RevocationFailures", "failed reads of the denylist", BLUE),
        ]
        latency = [self._own("Latency", "p99", RED, "p99"), self._own("Latency", "p50", BLUE, "p50")]
        return [
            self._graph("Authorizer: decisions", decisions, stacked=True),
            self._graph("Authorizer: failures", failures),
            self._graph("Authorizer: latency", latency, "milliseconds"),
        ]

    def _handlers(self, metrics: MetricSettings) -> list[Widget]:
        any_route = {**self.of.stack, **dict.fromkeys(metrics.by, "")}
        problems = search(Metric(NAMESPACE, "Problems", {**self.of.stack, "problem": ""}))
        requests, cold_starts = (search(Metric(NAMESPACE, name, any_route)) for name in ("Requests", "ColdStarts"))
        latency = search(Metric(NAMESPACE, "Latency", any_route, "p99"))
        route = _label_of(*metrics.by)
        starts = [
            Expression(f"SUM({cold_starts})", label="handlers", color=BLUE),
            self._own("ColdStarts", "authorizer", GREY),
        ]
        return [
            self._graph("Handlers: problems", [Expression(problems, _label_of("problem"))], stacked=True),
            self._graph("Handlers: requests", [Expression(f"SORT({requests}, SUM, DESC, {TOP})", route)]),
            self._graph(
                "Handlers: latency (p99)", [Expression(f"SORT({latency}, MAX, DESC, {TOP})", route)], "milliseconds"
            ),
            self._graph("Cold starts", starts),
        ]

    def _functions(self) -> list[Widget]:
        handlers = self.of.functions
        every = {**handlers, "authorizer": self.of.authorizer}

        def lines(name: str, functions: Mapping[str, str], statistic: Statistic = "Sum") -> Series:
            return highest(
                [
                    Metric("AWS/Lambda", name, {"FunctionName": physical}, statistic, label=label)
                    for label, physical in functions.items()
                ],
                by="FunctionName",
            )

        return [
            # Without the authorizer, whose 401s are errors too: its row shows the others.
            self._graph("Functions: crashes and timeouts", lines("Errors", handlers)),
            self._graph("Functions: duration (p99)", lines("Duration", every, "p99"), "milliseconds"),
            self._graph("Functions: throttles", lines("Throttles", every)),
            self._graph("Functions: concurrency", lines("ConcurrentExecutions", every, "Maximum"), "at once"),
        ]

    def _tables(self) -> list[Widget]:
        def lines(name: str, operations: Sequence[str] = ("",)) -> Series:
            return highest(
                [
                    Metric(
                        "AWS/DynamoDB",
                        name,
                        {"TableName": physical, **({"Operation": operation} if operation else {})},
                        label=f"{label} {operation}".rstrip(),
                    )
                    for label, physical in self.of.tables.items()
                    for operation in operations
                ],
                by="TableName",
            )

        return [
            self._graph("Tables: reads", lines("ConsumedReadCapacityUnits"), "units per minute"),
            self._graph("Tables: writes", lines("ConsumedWriteCapacityUnits"), "units per minute"),
            self._graph("Tables: throttled requests", lines("ThrottledRequests", OPERATIONS)),
            self._graph("Tables: system errors", lines("SystemErrors", OPERATIONS)),
        ]

    def _own(self, name: str, label: str, color: str, statistic: Statistic = "Sum") -> Metric:
        """Return a metric of the authorizer."""
        return Metric(NAMESPACE, name, self.of.stack, statistic, label=label, color=color)

    def _graph(self, title: str, series: Series, unit: str = "per minute", *, stacked: bool = False) -> Widget:
        return graph(title, series, region=self.of.region, unit=unit, stacked=stacked)


def _label_of(*dimensions: str) -> str:
    """Return a label that CloudWatch replaces by the values of a metric's dimensions."""
    return " ".join(f"${{PROP('Dim.{name}')}}" for name in dimensions)
