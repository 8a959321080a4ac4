"""The settings of monitoring: who is notified of which alarms, and what the handlers' metrics are."""

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from handlers.contract import REQUIREMENT, FieldError
from handlers.metrics import MetricSettings
from infra.monitoring.alarm import Thresholds
from infra.naming import Names

Protocol = Literal["email", "https", "sms", "sqs", "lambda"]

ENDPOINTS: Final[Mapping[Protocol, tuple[str, str]]] = {
    "email": (r"[^@\s]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", "an email address"),
    "https": (r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?", "an https URL without credentials"),
    "sms": (r"\+[1-9][0-9]{6,14}", "a phone number such as +15550100123 (E.164)"),
    "sqs": (r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}", "the ARN of a queue that is not FIFO"),
    "lambda": (r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_-]+)?",
               "the ARN of a function"),
}  # fmt: skip
"""What SNS accepts as the endpoint of each protocol, without plain http."""

TopicArn = Annotated[
    str,
    Meta(
        pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(?![\s\S])",
        extra={REQUIREMENT: "the ARN of an SNS topic that is not FIFO"},
    ),
]


class Subscription(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A subscriber of the topic."""

    protocol: Annotated[Protocol, Meta(description="How a message is delivered.")]
    endpoint: Annotated[
        str, Meta(description="An email address, an https URL, a phone number, or the ARN of a queue or function.")
    ]

    @property
    def name(self) -> str:
        """The logical name, which stays when others are added, and does not reveal the endpoint."""
        return f"{self.protocol}-{sha256(self.endpoint.encode()).hexdigest()[:8]}"

    def problems(self, key: str) -> Iterator[FieldError]:
        """Yield an endpoint that does not fit its protocol."""
        pattern, requirement = ENDPOINTS.get(self.protocol, ("", ""))
        if pattern and not re.fullmatch(pattern, self.endpoint):
            yield FieldError(f"{key}.endpoint", f"must be {requirement}", self.endpoint)


RunbookUrl = Annotated[
    str,
    Meta(
        pattern=r"^https://[^\s()\[\]]{1,700}(?![\s\S])",
        extra={REQUIREMENT: "an https URL of at most 708 characters, without spaces, parentheses and brackets"},
    ),
]
"""A URL that fits into an alarm's description, of 1,024 characters (AWS, "PutMetricAlarm")."""

PAGE: Final = "docs/monitoring.md"
"""The page with a section for each kind of alarm."""

METRICS_BY: Final = {"none": (), "operation": ("operation",), "route": ("collection", "operation")}
"""The dimensions of the handlers' metrics, besides those of the stack."""


class MonitoringSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Alarms, metrics of the handlers, and a dashboard."""

    enabled: Annotated[
        bool, Meta(description="Whether the stack has alarms, metrics of the handlers, and a dashboard.")
    ] = False
    subscriptions: Annotated[tuple[Subscription, ...], Meta(description="Who is notified of alarms.")] = ()
    topic_arn: Annotated[
        TopicArn | None, Meta(description="An SNS topic that is notified instead of one that the stack creates.")
    ] = None
    notify_recovery: Annotated[
        bool, Meta(description="Whether there is a second message when an incident has ended.")
    ] = False
    handler_metrics: Annotated[
        Literal["none", "operation", "route"],
        Meta(
            description="What the handlers' metrics, each of which is billed, are by: `route` (a collection's "
            "operation) or `operation` (of all collections together); `none` switches them off."
        ),
    ] = "route"
    runbook: Annotated[
        RunbookUrl | None,
        Meta(description="Your copy of the page docs/monitoring.md, to which alarms and the dashboard link."),
    ] = None
    thresholds: Annotated[Thresholds, Meta(description="When alarms go off.")] = Thresholds()

    def metrics(self, names: Names) -> MetricSettings | None:
        """Return the handlers' metrics, or None if they are off."""
        by = METRICS_BY[self.handler_metrics] if self.enabled else None
        return MetricSettings(project=names.project, stack=names.stack, by=by) if by else None

    def problems(self, *, logs_decisions: bool) -> Iterator[FieldError]:
        """Yield mistakes between fields."""
        if self.enabled and not logs_decisions:
            yield FieldError("monitoring.enabled", "needs logs.decisions, whose lines carry the metrics", found=True)
        if self.topic_arn is not None and self.subscriptions:
            yield FieldError("monitoring.subscriptions", "must not be combined with topicArn; subscribe to that topic")
        for index, each in enumerate(self.subscriptions):
            key = f"monitoring.subscriptions[{index}]"
            yield from each.problems(key)
            if each in self.subscriptions[:index]:
                yield FieldError(key, "must not be that of another subscription")
