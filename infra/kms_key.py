"""A customer-managed key of AWS KMS, with rotation and an alias."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.naming import Names
from infra.place import Place

DELETION_DAYS = 30
"""Days between a key's deletion from the stack and its destruction, the longest that KMS allows.

What a key has encrypted is lost with it. Until then, `aws kms cancel-key-deletion` restores it.
"""


@dataclass(frozen=True, kw_only=True)
class KmsKeyArgs:
    """What a key is for, and who may use it besides the principals to whom an IAM policy of the account grants it.

    `statements` are added to the key's policy: statements of IAM with values of Pulumi, whose resource is `*`, which
    means the key.
    """

    names: Names
    description: str
    statements: Sequence[Mapping[str, Any]] = ()


class KmsKey(pulumi.ComponentResource):
    """A symmetric key that KMS rotates every year, with the alias `alias/{project}-{stack}-{name}`.

    A key with `protect` in its options cannot be deleted by Pulumi.
    """

    def __init__(self, name: str, args: KmsKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:security:KmsKey", name, None, opts)
        child_opts = pulumi.ResourceOptions(parent=self)
        policy = {"Version": "2012-10-17", "Statement": [self._account(), *args.statements]}
        key = aws.kms.Key(
            name,
            description=args.description,
            policy=pulumi.Output.json_dumps(policy),
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_DAYS,
            opts=child_opts,
        )
        aws.kms.Alias(name, name=f"alias/{args.names.resource(name)}", target_key_id=key.key_id, opts=child_opts)
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})

    def _account(self) -> dict[str, Any]:
        """Let IAM policies of the account grant the use of the key (AWS, "Default key policy").

        Without it, nobody could change the key's policy any more if the principals that it names were deleted.
        """
        place = Place.look_up(pulumi.InvokeOptions(parent=self))
        return {
            "Sid": "Account",
            "Effect": "Allow",
            "Principal": {"AWS": place.arn("iam", "root", region="")},
            "Action": "kms:*",
            "Resource": "*",
        }
