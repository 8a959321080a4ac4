"""The key that encrypts the tables, if the stack has one."""

from dataclasses import dataclass
from typing import Any

import pulumi

from infra.kms_key import KmsKey, KmsKeyArgs
from infra.naming import Names
from infra.place import Place

ACTIONS = (
    "kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey",
)  # fmt: skip
"""What DynamoDB does with a table's key for the principals that use the table.

Source: AWS, "DynamoDB encryption at rest: usage notes", "Authorizing use of your customer managed key". It lists
kms:CreateGrant too, which only the creation of a table and a change of its key need: the deployment's own permissions.
"""


@dataclass(frozen=True, kw_only=True)
class DataKeyArgs:
    """The stack, whose roles may use the key."""

    names: Names


class DataKey(pulumi.ComponentResource):
    """A key that the stack's roles may use through DynamoDB, and for nothing else.

    Its policy grants this, rather than a policy of each role: it takes effect with the key, so no function loses its
    table while the table changes its key; and a role still needs permission to use the table.
    """

    def __init__(self, name: str, args: DataKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:data:DataKey", name, None, opts)
        description = f"Encrypts the tables of {args.names.resource('*')}"
        arguments = KmsKeyArgs(names=args.names, description=description, statements=[self._tables(args.names)])
        self.arn = KmsKey(name, arguments, pulumi.ResourceOptions(parent=self)).arn
        self.register_outputs({"arn": self.arn})

    def _tables(self, names: Names) -> dict[str, Any]:
        place = Place.look_up(pulumi.InvokeOptions(parent=self))
        return {
            "Sid": "Tables",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": list(ACTIONS),
            "Resource": "*",
            "Condition": {
                "StringEquals": {
                    "kms:CallerAccount": place.account,
                    "kms:ViaService": pulumi.Output.concat("dynamodb.", place.region, ".", place.dns_suffix),
                },
                "ArnLike": {"aws:PrincipalArn": place.arn("iam", f"role/{names.resource('*')}", region="")},
            },
        }
