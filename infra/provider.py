"""The AWS provider of a stack: which account and region it may change, with which role, and the tags it adds."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec
import pulumi
import pulumi_aws as aws
from msgspec import Meta

from handlers.contract import REQUIREMENT, FieldError
from infra.stack_file import ENCRYPTED

AWS = "aws"
"""What the ARNs of AWS's own policies have instead of an account's id."""

AccountId = Annotated[str, Meta(pattern=r"^[0-9]{12}(?![\s\S])", extra={REQUIREMENT: "12 digits, as a string"})]

RoleArn = Annotated[
    str,
    Meta(
        pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}(?![\s\S])",
        extra={REQUIREMENT: "the ARN of a role"},
    ),
]


PolicyArn = Annotated[
    str,
    Meta(
        pattern=r"^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]{1,512}(?![\s\S])",
        extra={REQUIREMENT: "the ARN of a policy"},
    ),
]

ExternalId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9+=,.@:/_-]{2,1224}(?![\s\S])",
        extra={REQUIREMENT: "2 to 1224 letters, digits and any of +=,.@:/_-"},
    ),
]

SessionName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9+=,.@_-]{2,64}(?![\s\S])",
        extra={REQUIREMENT: "2 to 64 letters, digits and any of +=,.@_-"},
    ),
]

TAG = r"(?![Aa][Ww][Ss]:)[\w .:/=+@-]"
"""The characters of a tag's name or value, as a regular expression to be repeated."""

TAG_RULE = "letters, digits, spaces and any of _.:/=+-@ that do not start with aws:"

TagName = Annotated[str, Meta(pattern=rf"^{TAG}{{1,128}}(?![\s\S])", extra={REQUIREMENT: f"1 to 128 {TAG_RULE}"})]

Tags = Annotated[
    dict[TagName, Annotated[str, Meta(max_length=256)]], Meta(max_length=50, description="Tags on every resource.")
]
"""At most 50 tags, which every service accepts (AWS, "Tag naming limits and requirements")."""


class AssumedRole(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A role with which the stack is deployed and operated."""

    arn: Annotated[RoleArn, Meta(description="The role's ARN, in one of the accounts of `accountIds`.")]
    external_id: Annotated[
        ExternalId | None, Meta(description="The external id, if the role's trust policy requires one.")
    ] = None
    session_name: Annotated[SessionName, Meta(description="The session's name, which CloudTrail records.")] = (
        "gatehouse"
    )


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Which AWS account the stack may be deployed to, and with which role."""

    account_ids: Annotated[
        tuple[AccountId, ...],
        Meta(description="The accounts that the stack may be deployed to; any other is rejected. By default, any."),
    ] = ()
    assume_role: Annotated[
        AssumedRole | None, Meta(description="The role to assume. By default, that of the caller.")
    ] = None
    permissions_boundary: Annotated[
        PolicyArn | None, Meta(description="The permissions boundary of every role that the stack creates.")
    ] = None

    def problems(self) -> Iterator[FieldError]:
        """Yield ARNs that are not of the stack's account."""
        role, boundary, accounts = self.assume_role, self.permissions_boundary, self.account_ids
        if role and (account := _account(role.arn)):
            if accounts and account not in accounts:
                yield FieldError("provider.assumeRole.arn", "must be in an account of provider.accountIds", role.arn)
            accounts = (account,)
        if boundary and accounts and _account(boundary) not in (*accounts, AWS):
            detail = f"must be in the stack's account: {', '.join(accounts)}"
            yield FieldError("provider.permissionsBoundary", detail, boundary)


def tag_problems(tags: Mapping[str, str]) -> Iterator[FieldError]:
    """Yield tags that AWS rejects. IAM does not distinguish names by upper and lower case."""
    found: dict[str, str] = {}
    for name, value in tags.items():
        if (other := found.setdefault(name.lower(), name)) != name:
            yield FieldError(f"tags.{name}", f"must differ from {other} in more than upper and lower case")
        if value != ENCRYPTED and not re.fullmatch(f"{TAG}*", value):
            yield FieldError(f"tags.{name}", f"must be {TAG_RULE}", value)


def _account(arn: str) -> str:
    """Return the account of an ARN of IAM, empty for an invalid one."""
    return "".join(arn.split(":")[4:5])


def aws_provider(settings: ProviderSettings, tags: Mapping[str, str]) -> pulumi.ResourceOptions:
    """Create the stack's provider and return the option with which resources use it.

    The region and the profile are the settings `aws:region` and `aws:profile`, which Pulumi's own provider would use.
    """
    config, role = pulumi.Config("aws"), settings.assume_role
    assumed = role and aws.ProviderAssumeRoleArgs(
        role_arn=role.arn, external_id=role.external_id, session_name=role.session_name
    )
    provider = aws.Provider(
        "aws",
        region=config.require("region"),
        profile=config.get("profile"),
        allowed_account_ids=list(settings.account_ids) or None,
        assume_roles=[assumed] if assumed else None,
        default_tags=aws.ProviderDefaultTagsArgs(tags=tags) if tags else None,
    )
    boundary = settings.permissions_boundary
    # Options apply to everything that is created with them, so no role can be without the boundary.
    return pulumi.ResourceOptions(provider=provider, transformations=[_bounded(boundary)] if boundary else None)


def _bounded(boundary: str) -> pulumi.ResourceTransformation:
    """Return a transformation that gives a role its permissions boundary."""

    def transform(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ != "aws:iam/role:Role":
            return None
        return pulumi.ResourceTransformationResult({**args.props, "permissions_boundary": boundary}, args.opts)

    return transform
