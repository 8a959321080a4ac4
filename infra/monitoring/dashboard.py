"""The CloudWatch dashboard: what to look at first when an alarm goes off, from the clients' side to the tables."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from handlers.metrics import MetricSettings
from infra.api.http_api import HttpApi
from infra.functions.function_settings import AUTHORIZER
from infra.monitoring.dashboard_rows import Rows, Subjects
from infra.monitoring.monitored import Monitored
from infra.monitoring.widgets import laid_out


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    """What the dashboard shows: a stack, and its alarms by ARN.

    `metrics` are the handlers', None if they are off, and `runbook` is the URL to which the header links.
    """

    stack: Monitored
    alarms: Sequence[pulumi.Input[str]] = ()
    metrics: MetricSettings | None = None
    runbook: str | None = None


class Dashboard(pulumi.ComponentResource):
    """The dashboard of a stack. `name` is its name in CloudWatch."""

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:operations:Dashboard", name, None, opts)
        stack, gateway = args.stack, args.stack.gateway
        # An HTTP API's metrics have its id as a dimension, a REST API's have its name.
        api = {"ApiId": gateway.api_id} if isinstance(gateway, HttpApi) else {"ApiName": stack.names.api}
        known = pulumi.Output.all(
            region=aws.get_region_output(opts=pulumi.InvokeOptions(parent=self)).region,
            api={**api, "Stage": gateway.stage_name},
            alarms=list(args.alarms),
        )
        dashboard = aws.cloudwatch.Dashboard(
            name,
            dashboard_name=stack.names.resource(name),
            dashboard_body=known.apply(lambda values: _body(args, values)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = dashboard.dashboard_name
        self.register_outputs({"name": self.name})


def _body(args: DashboardArgs, values: Mapping[str, Any]) -> str:
    stack, names = args.stack, args.stack.names
    subjects = Subjects(
        stack={"project": names.project, "stack": names.stack},
        functions=stack.physical(stack.handlers),
        authorizer=names.resource(AUTHORIZER),
        tables=stack.physical([each.name for each in stack.tables]),
        metrics=args.metrics,
        runbook=args.runbook,
        **values,
    )
    return json.dumps(laid_out(Rows(subjects).all()))
