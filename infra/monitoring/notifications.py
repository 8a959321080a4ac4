"""Who is notified of an alarm: the subscribers of an encrypted SNS topic."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.kms_key import KmsKey, KmsKeyArgs
from infra.monitoring.alarms import INCIDENT
from infra.monitoring.monitoring_settings import Subscription
from infra.naming import Names
from infra.place import Place


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
        place = Place.look_up(pulumi.InvokeOptions(parent=self))
        source = place.arn("cloudwatch", f"alarm:{names.resource(INCIDENT)}")
        return {
            "Sid": "Alarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceAccount": place.account}, "ArnEquals": {"aws:SourceArn": source}},
        }
