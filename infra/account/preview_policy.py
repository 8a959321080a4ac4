"""What `pulumi preview` of the stacks and of the account's project reads.

A preview compares the program with the state. It takes no lock, writes nothing, and reads only what the
programs look up.
"""

from collections.abc import Iterator

from infra.account.statements import StateAccess, Statement, allow
from infra.place import Place


def preview_statements(
    project: str, account_project: str, place: Place, state: StateAccess | None
) -> Iterator[Statement]:
    """Yield the statements of the role for previews of two projects: the stacks' one and the account's one.

    Reading the state includes decrypting the secrets in it, because a preview compares them.
    """
    if state:
        yield allow(["s3:ListBucket"], [state.bucket])
        yield allow(["s3:GetObject"], state.objects(
            ".pulumi/meta.yaml", *(f".pulumi/stacks/{each}/*" for each in (project, account_project))
        ))  # fmt: skip
        yield allow(["kms:Decrypt"], [state.key])
    # A stack with a domain looks up its hosted zone (infra/edge/hosted_zone.py).
    zones = place.arn("route53", "hostedzone/*", region="", account="")
    yield allow(["route53:GetHostedZone", "route53:ListResourceRecordSets", "route53:ListTagsForResource"], [zones])
    # A stack with scaled tables looks up their capacity mode (infra/data/table_scaling.py).
    yield allow(["dynamodb:ListTables"], ["*"])
    reads = ("DescribeTable", "DescribeTimeToLive", "DescribeContinuousBackups", "ListTagsOfResource")
    yield allow([f"dynamodb:{each}" for each in reads], [place.arn("dynamodb", f"table/{project}-*")])
    # The account's project looks up the role for logs and GitHub's OIDC provider.
    yield allow(["apigateway:GET"], [place.arn("apigateway", "/account", account="")])
    yield allow(["iam:ListRoles", "iam:ListOpenIDConnectProviders"], ["*"])
    yield allow(
        ["iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"],
        [place.arn("iam", f"role/{project}-gateway-logs-*", region="")],
    )
    yield allow(["iam:GetOpenIDConnectProvider"], [place.arn("iam", "oidc-provider/*", region="")])
