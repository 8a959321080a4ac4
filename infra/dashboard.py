"""The CloudWatch dashboard: what to look at first when an alarm rings, from the clients' side to the tables."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_aws as aws

from handlers.metrics import MetricSettings
from infra.dashboard_rows import Rows, Subjects
from infra.naming import Names
from infra.widgets import laid_out


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    """What the dashboard shows: an API's stage, functions and tables by their logical names, and alarms by ARN.

    `metrics` are the handlers', None if they are off, and `runbook` is the URL to which the header links.
    """

    names: Names
    flavour: Literal["rest", "http"]
    api_id: pulumi.Input[str]
    stage_name: pulumi.Input[str]
    functions: Mapping[str, pulumi.Input[str]]
    authorizer: pulumi.Input[str]
    tables: Mapping[str, pulumi.Input[str]]
    alarms: Sequence[pulumi.Input[str]] = ()
    metrics: MetricSettings | None = None
    runbook: str | None = None


class Dashboard(pulumi.ComponentResource):
    """The dashboard of a stack. `name` is its name in CloudWatch."""

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:operations:Dashboard", name, None, opts)
        # A REST API's metrics have its name as a dimension, an HTTP API's have its id.
        api = ("ApiName", args.names.api) if args.flavour == "rest" else ("ApiId", args.api_id)
        known = pulumi.Output.all(
            region=aws.get_region_output(opts=pulumi.InvokeOptions(parent=self)).region,
            api={api[0]: api[1], "Stage": args.stage_name},
            functions=dict(args.functions),
            authorizer=args.authorizer,
            tables=dict(args.tables),
            alarms=list(args.alarms),
        )
        dashboard = aws.cloudwatch.Dashboard(
            name,
            dashboard_name=args.names.resource(name),
            dashboard_body=known.apply(lambda values: _body(args, values)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = dashboard.dashboard_name
        self.register_outputs({"name": self.name})


def _body(args: DashboardArgs, values: Mapping[str, Any]) -> str:
    names = {"project": args.names.project, "stack": args.names.stack}
    subjects = Subjects(stack=names, metrics=args.metrics, runbook=args.runbook, **values)
    return json.dumps(laid_out(Rows(subjects).all()))
