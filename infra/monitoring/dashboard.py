"""The CloudWatch dashboard: what to look at first when an alarm goes off, from the clients' side to the tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from handlers.metrics import MetricSettings
from infra.functions.function_settings import AUTHORIZER
from infra.monitoring.metric import TOP, Expression, Series, Statistic, highest, search
from infra.monitoring.monitored import Monitored
from infra.monitoring.monitoring_settings import MonitoringSettings
from infra.monitoring.widgets import Widget, alarm_states, graph, laid_out, text

RED, ORANGE, GREEN, BLUE, GREY = "#d62728", "#ff7f0e", "#2ca02c", "#1f77b4", "#7f7f7f"

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
class DashboardArgs:
    """What the dashboard shows: a stack, and its alarms by ARN."""

    stack: Monitored
    settings: MonitoringSettings
    alarms: Sequence[pulumi.Input[str]]


class Dashboard(pulumi.ComponentResource):
    """The dashboard of a stack. `name` is its name in CloudWatch."""

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:operations:Dashboard", name, None, opts)
        region = aws.get_region_output(opts=pulumi.InvokeOptions(parent=self)).region
        dashboard = aws.cloudwatch.Dashboard(
            name,
            dashboard_name=args.stack.names.resource(name),
            dashboard_body=pulumi.Output.json_dumps(laid_out(Rows(args, region).all())),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = dashboard.dashboard_name
        self.register_outputs({"name": self.name})


@dataclass(frozen=True)
class Rows:
    """The rows of a dashboard in a region, from the top: what clients notice first, and then what may be the cause."""

    args: DashboardArgs
    region: pulumi.Input[str]

    @property
    def stack(self) -> Monitored:
        """The stack that the dashboard shows."""
        return self.args.stack

    def all(self) -> Iterator[list[Widget]]:
        """Yield all rows."""
        yield [self._header()]
        yield [alarm_states("Alarms", self.args.alarms)]
        yield self._api()
        yield self._authorizer()
        if metrics := self.args.settings.metrics(self.stack.names):
            yield self._handlers(metrics)
        yield self._functions()
        yield self._tables()

    def _header(self) -> Widget:
        names, settings = self.stack.names, self.args.settings
        runbook = [f"[Runbook]({settings.runbook})"] if settings.runbook else []
        links = " · ".join([*runbook, "[Logs Insights](#logsV2:logs-insights)", "[All alarms](#alarmsV2:)"])
        return text(HEADER.format(project=names.project, stack=names.stack, top=TOP, links=links), height=3)

    def _api(self) -> list[Widget]:
        stack = self.stack
        latency = [
            stack.of_api("Latency", "p99", label="p99", color=RED),
            stack.of_api("Latency", "p50", label="p50", color=BLUE),
            stack.of_api("IntegrationLatency", "p99", label="p99 of the functions", color=GREY),
        ]
        errors = [stack.of_errors(5, label="5xx", color=RED), stack.of_errors(4, label="4xx", color=ORANGE)]
        return [
            self._graph("Traffic", [stack.of_api("Count", label="requests", color=BLUE)]),
            self._graph("Errors", errors),
            self._graph("Latency", latency, "milliseconds"),
        ]

    def _authorizer(self) -> list[Widget]:
        own = self.stack.of_code
        decisions = {
            outcome: own("Decisions", dimensions={"outcome": outcome}, label=outcome, color=color, id=outcome)
            for outcome, color in OUTCOMES.items()
        }
        failures = [
            self.stack.of_function(AUTHORIZER, "Errors", id="errors", hidden=True),
            decisions["unauthorized"].as_hidden(),
            # Each 401 is an error of the function too; what is left includes what ends before a decision is logged.
            Expression("FILL(errors, 0) - FILL(unauthorized, 0)", label="faults, crashes and timeouts", color=RED),
            own("KeyFetchFailures", label="failed fetches of keys", color=ORANGE),
            own("RevocationFailures", label="failed reads of the denylist", color=BLUE),
        ]
        latency = [own("Latency", "p99", label="p99", color=RED), own("Latency", "p50", label="p50", color=BLUE)]
        return [
            self._graph("Authorizer: decisions", [*decisions.values()], stacked=True),
            self._graph("Authorizer: failures", failures),
            self._graph("Authorizer: latency", latency, "milliseconds"),
        ]

    def _handlers(self, metrics: MetricSettings) -> list[Widget]:
        def any_of(name: str, dimensions: Sequence[str], statistic: Statistic = "Sum") -> str:
            return search(self.stack.of_code(name, statistic, dict.fromkeys(dimensions, "")))

        requests, latency = any_of("Requests", metrics.by), any_of("Latency", metrics.by, "p99")
        route = _label_of(*metrics.by)
        starts = [
            Expression(f"SUM({any_of('ColdStarts', metrics.by)})", label="handlers", color=BLUE),
            self.stack.of_code("ColdStarts", label="authorizer", color=GREY),
        ]
        problems = [Expression(any_of("Problems", ["problem"]), _label_of("problem"))]
        return [
            self._graph("Handlers: problems", problems, stacked=True),
            self._graph("Handlers: requests", [Expression(f"SORT({requests}, SUM, DESC, {TOP})", route)]),
            self._graph(
                "Handlers: latency (p99)", [Expression(f"SORT({latency}, MAX, DESC, {TOP})", route)], "milliseconds"
            ),
            self._graph("Cold starts", starts),
        ]

    def _functions(self) -> list[Widget]:
        def lines(name: str, functions: Sequence[str], statistic: Statistic = "Sum") -> Series:
            metrics = [self.stack.of_function(each, name, statistic, label=each) for each in functions]
            return highest(metrics, by="FunctionName")

        every = self.stack.all_functions
        return [
            # Without the authorizer, whose 401s are errors too: its row shows the others.
            self._graph("Functions: crashes and timeouts", lines("Errors", self.stack.handlers)),
            self._graph("Functions: duration (p99)", lines("Duration", every, "p99"), "milliseconds"),
            self._graph("Functions: throttles", lines("Throttles", every)),
            self._graph("Functions: concurrency", lines("ConcurrentExecutions", every, "Maximum"), "at once"),
        ]

    def _tables(self) -> list[Widget]:
        tables = [each.name for each in self.stack.tables]

        def lines(name: str) -> Series:
            return highest([self.stack.of_table(each, name, label=each) for each in tables], by="TableName")

        def lines_of_operations(name: str) -> Series:
            pairs = [(table, operation) for table in tables for operation in OPERATIONS]
            metrics = [
                self.stack.of_table(table, name, {"Operation": operation}, label=f"{table} {operation}")
                for table, operation in pairs
            ]
            return highest(metrics, by="TableName")

        return [
            self._graph("Tables: reads", lines("ConsumedReadCapacityUnits"), "units per minute"),
            self._graph("Tables: writes", lines("ConsumedWriteCapacityUnits"), "units per minute"),
            self._graph("Tables: throttled requests", lines_of_operations("ThrottledRequests")),
            self._graph("Tables: system errors", lines_of_operations("SystemErrors")),
        ]

    def _graph(self, title: str, series: Series, unit: str = "per minute", *, stacked: bool = False) -> Widget:
        return graph(title, series, region=self.region, unit=unit, stacked=stacked)


def _label_of(*dimensions: str) -> str:
    """Return a label that CloudWatch replaces by the values of a metric's dimensions."""
    return " ".join(f"${{PROP('Dim.{name}')}}" for name in dimensions)
