"""Run the local stack with monitoring, send requests, and draw its dashboard: `python -m local.dashboard`."""

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx

from infra.packaging.bundles import ROOT
from local.dashboard.drawing import Picture, svg
from local.dashboard.evaluation import Run
from local.dashboard.samples import of_api, of_functions
from local.dashboard.traffic import Traffic
from local.emulator import launch
from local.provider.aws import Provider
from local.provider.connection import Connection
from local.running_stack import RunningStack, StackOptions, running_stack

PICTURE: Final = ROOT / "docs" / "images" / "dashboard.svg"
SECONDS: Final = 240
PERIOD: Final = 5.0
"""Seconds for each value; a dashboard in CloudWatch has one per minute."""

SETTINGS: Final = {"monitoring.enabled": "true"}


def draw(stack: RunningStack, seconds: float) -> str:
    """Return the picture of a stack's dashboard after requests for so many seconds."""
    connection = Provider(stack.emulator.endpoint_url, account=stack.emulator.options.account).connection
    started = time.time()
    with httpx.Client(timeout=30) as http:
        Traffic(stack, connection, http).run(seconds)
    prefix = stack.exports["authorizer"].removesuffix("authorizer")
    body = _dashboard(connection, f"{prefix}dashboard")
    api = {"ApiName": f"{prefix}api", "Stage": prefix.split("-")[-2]}
    samples = [
        *of_functions(stack.emulator.options.functions_log, prefix),
        *of_api(connection, f"/aws/apigateway/{prefix}access", api),
    ]
    run = Run(samples, started, PERIOD)
    graphs = {number: each["properties"] for number, each in enumerate(body["widgets"]) if each["type"] == "metric"}
    lines = {number: run.lines(graph) for number, graph in graphs.items()}
    states = _states(connection, prefix)
    return svg(body, Picture(lines=lines, states=states, periods=int(seconds / PERIOD) + 1, period=PERIOD))


def _dashboard(connection: Connection, name: str) -> dict[str, Any]:
    return json.loads(connection.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])


def _states(connection: Connection, prefix: str) -> dict[str, str]:
    """Return the states of the stack's alarms."""
    paginator = connection.client("cloudwatch").get_paginator("describe_alarms")
    pages = paginator.paginate(AlarmTypes=["CompositeAlarm", "MetricAlarm"])
    alarms = [each for page in pages for each in (*page["CompositeAlarms"], *page["MetricAlarms"])]
    return {each["AlarmName"].removeprefix(prefix): each["StateValue"] for each in alarms}


def main() -> int:
    """Write the picture for the documentation."""
    with TemporaryDirectory() as folder:
        port = next(each for each in range(4600, 4700, 2) if launch.is_free(each) and launch.is_free(each + 1))
        options = StackOptions(root=ROOT, state=Path(folder), port=port, settings=SETTINGS)
        with running_stack(options, print, lambda _: None) as stack:
            picture = draw(stack, SECONDS)
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
