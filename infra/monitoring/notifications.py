"""Who is notified of an alarm: the subscribers of an encrypted SNS topic."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

import msgspec
import pulumi
import pulumi_aws as aws
from msgspec import Meta

from handlers.contract import REQUIREMENT, FieldError
from infra.kms_key import KmsKey, KmsKeyArgs
from infra.monitoring.alarms import INCIDENT
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


@dataclass(frozen=True, kw_only=True)
class NotificationsArgs:
    """The topic's subscribers."""

    names: Names
    subscriptions: Sequence[Subscription]


class Notifications(pulumi.ComponentResource):
    """A topic, encrypted with its own key, to which only the stack's alarm that notifies can publish.

    `topic_arn` is known when it can.
    """

    def __init__(self, name: str, args: NotificationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:operations:Notifications", name, None, opts)
        child_opts = pulumi.ResourceOptions(parent=self)
        allow = self._allow_alarms(args.names)
        encryption = KmsKeyArgs(
            names=args.names,
            description="Encrypts notifications of alarms",
            statements=[{**allow, "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*"}],
        )
        key = KmsKey(name, encryption, child_opts)
        topic = aws.sns.Topic(name, name=args.names.resource(name), kms_master_key_id=key.arn, opts=child_opts)
        publish = {**allow, "Action": "sns:Publish", "Resource": topic.arn}
        policy = pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [publish]})
        self.topic_arn = aws.sns.TopicPolicy(name, arn=topic.arn, policy=policy, opts=child_opts).arn
        for each in args.subscriptions:
            aws.sns.TopicSubscription(
                each.name,
                topic=topic.arn,
                protocol=each.protocol,
                # Addresses are personal data, and URLs often contain a key.
                endpoint=pulumi.Output.secret(each.endpoint),
                opts=child_opts,
            )
        self.register_outputs({"topic_arn": self.topic_arn})

    def _allow_alarms(self, names: Names) -> dict[str, Any]:
        """Return the part of a statement that says who: CloudWatch, for the alarm that notifies and no other.

        All alarms of the stack would include those of its branch stacks, whose names start like its own.

        AWS, "Amazon SNS encryption: compatibility with event sources", and "Cross-service confused deputy prevention".
        """
        opts = pulumi.InvokeOptions(parent=self)
        partition = aws.get_partition_output(opts=opts).partition
        region = aws.get_region_output(opts=opts).region
        account = aws.get_caller_identity_output(opts=opts).account_id
        alarm = f":alarm:{names.resource(INCIDENT)}"
        source = pulumi.Output.concat("arn:", partition, ":cloudwatch:", region, ":", account, alarm)
        return {
            "Sid": "Alarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceAccount": account}, "ArnEquals": {"aws:SourceArn": source}},
        }
