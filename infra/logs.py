"""CloudWatch log groups, created with retention before anything writes to them."""

from typing import Annotated, Literal

import msgspec
import pulumi
import pulumi_aws as aws
from msgspec import Meta

Retention = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""The retention periods that CloudWatch Logs allows, in days."""

Level = Literal["DEBUG", "INFO", "WARN", "ERROR"]
"""The severities of a function's log lines."""


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What is logged, and how long logs are kept."""

    retention_days: Annotated[
        Retention, Meta(description="Days for which all logs are kept. CloudWatch Logs allows only these values.")
    ] = 14
    level: Annotated[
        Level,
        Meta(
            description="The lowest severity that functions log. At `WARN` and `ERROR` they still log the `INFO` lines "
            "that carry metrics: the authorizer's decisions, which `decisions` switches off, and the handlers' "
            "requests, if `monitoring.handlerMetrics` are on."
        ),
    ] = "INFO"
    decisions: Annotated[
        bool, Meta(description="Whether the authorizer logs a line, with metrics, for each decision.")
    ] = True


def level_with_metrics(level: str) -> str:
    """Return the lowest severity of the logs of a function whose `INFO` lines carry metrics, for the level in settings.

    A higher level than `INFO` would drop the metrics with the lines.
    """
    return level if level in ("DEBUG", "INFO") else "INFO"


def log_group(
    name: str,
    physical_name: pulumi.Input[str],
    settings: LogSettings,
    opts: pulumi.ResourceOptions,
) -> aws.cloudwatch.LogGroup:
    """Create a log group with the stack's retention."""
    return aws.cloudwatch.LogGroup(name, name=physical_name, retention_in_days=settings.retention_days, opts=opts)
