"""The denylist: a table of revoked tokens, which the authorizer reads for every decision."""

from dataclasses import dataclass

import pulumi

from authorizer.revocation.entries import EXPIRY, KEY
from authorizer.revocation.environment import REVOCATIONS_TABLE
from infra.data.table import Table, TableArgs, TableDefaults
from infra.functions.role_policies import Statement
from infra.naming import REVOCATIONS

READ = "dynamodb:BatchGetItem"
"""The only call with which the authorizer reads the denylist."""


@dataclass(frozen=True, kw_only=True)
class RevocationArgs:
    """The denylist is protected like the collections' tables: without it, revoked tokens would be accepted again."""

    tables: TableDefaults


class Revocation(pulumi.ComponentResource):
    """The denylist, with the environment and the permission that the authorizer needs to read it."""

    def __init__(self, name: str, args: RevocationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:auth:Revocation", name, None, opts)
        table = Table(
            REVOCATIONS,
            TableArgs(keys=(KEY,), expiry=EXPIRY, defaults=args.tables),
            # The table of stacks deployed by earlier versions has no parent.
            pulumi.ResourceOptions(parent=self, aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]),
        )
        self.environment = {REVOCATIONS_TABLE: table.name}
        self.statements = (Statement(actions=(READ,), resources=(table.arn,)),)
        self.register_outputs({"table": table.name})
