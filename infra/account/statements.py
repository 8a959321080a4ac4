"""Statements of IAM policies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

Statement = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class StateAccess:
    """The ARNs of the bucket with Pulumi's state, and of the key with which it is encrypted."""

    bucket: pulumi.Input[str]
    key: pulumi.Input[str]

    def objects(self, *patterns: str) -> list[pulumi.Output[str]]:
        """Return the ARNs of objects of the bucket."""
        return [pulumi.Output.concat(self.bucket, "/", each) for each in patterns]


def allow(
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    condition: Mapping[str, Mapping[str, Any]] | None = None,
) -> Statement:
    """Return a statement that allows actions on resources."""
    statement: Statement = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return {**statement, "Condition": condition} if condition else statement


def document(statements: Iterable[Statement]) -> pulumi.Output[str]:
    """Return a policy as JSON, as short as possible: IAM limits its length."""
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    return pulumi.Output.json_dumps(policy, separators=(",", ":"))
