"""The settings of the web application firewall."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from handlers.contract import REQUIREMENT, FieldError

GroupName = Literal[
    "AWSManagedRulesAdminProtectionRuleSet",
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesAnonymousIpList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesLinuxRuleSet",
    "AWSManagedRulesSQLiRuleSet",
    "AWSManagedRulesUnixRuleSet",
]
"""The rule groups of AWS that fit an API and need no subscription."""
RuleName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]{1,128}(?![\s\S])",
        extra={REQUIREMENT: "the name of a rule, such as NoUserAgent_HEADER"},
    ),
]


class RuleGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule group that AWS maintains."""

    name: Annotated[GroupName, Meta(description="AWS's name of the group.")]
    counted: Annotated[
        tuple[RuleName, ...], Meta(description="The group's rules that only count requests instead of blocking them.")
    ] = ()


RULE_GROUPS = (
    # Reputation first: it is the cheapest check.
    RuleGroup(name="AWSManagedRulesAmazonIpReputationList"),
    # SizeRestrictions_BODY would block bodies over 8 KB, and the API accepts items of up to 400 KB.
    RuleGroup(name="AWSManagedRulesCommonRuleSet", counted=("SizeRestrictions_BODY",)),
    RuleGroup(name="AWSManagedRulesKnownBadInputsRuleSet"),
)


class WafSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A web application firewall (AWS WAF) in front of a REST API."""

    enabled: Annotated[bool, Meta(description="Whether requests are filtered before they reach the API.")] = False
    blocks: Annotated[
        bool,
        Meta(description="Whether matching requests are blocked; otherwise all rules only count, to try them out."),
    ] = True
    rate_limit: Annotated[
        int, Meta(ge=10, le=2_000_000_000, description="Requests that an IP address may send in 5 minutes.")
    ] = 2000
    rule_groups: Annotated[
        tuple[RuleGroup, ...],
        Meta(max_length=8, description="The rule groups of AWS, in the order of their evaluation."),
    ] = RULE_GROUPS
    logs: Annotated[
        Literal["matches", "all", "none"],
        Meta(description="Which requests are logged, without credentials: what a rule blocks or counts, all, or none."),
    ] = "matches"

    def problems(self) -> Iterator[FieldError]:
        """Yield mistakes between fields."""
        names = [group.name for group in self.rule_groups]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield FieldError(f"waf.ruleGroups[{index}].name", "must not be listed twice", name)
