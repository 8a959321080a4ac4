"""A web application firewall in front of a REST API: rule groups of AWS, a rate limit for each address, and a log.

Its log and samples contain no credentials. The log's redacted fields concern only the log, so the web ACL also has data
protection, which covers every output and what a rule has matched (AWS, "Data protection" in the guide to WAF).

`aws.wafv2` takes a second to import and is imported when it is first used: annotations that mention it are quoted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.edge.waf_settings import RuleGroup, WafSettings
from infra.logs import LogSettings, log_group
from infra.naming import Names

SECRET_HEADERS = ("authorization", "cookie", "x-api-key")
"""The request headers that grant access."""
PROTECTION = "SUBSTITUTION"
"""The word REDACTED takes the place of a value."""
RATE_WINDOW = 300
"""Seconds in which the requests of an address are counted."""
LOGGED_ACTIONS = ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")
"""What a rule does to a request that it matches."""


@dataclass(frozen=True, kw_only=True)
class WafArgs:
    """The stage to protect, and the settings."""

    names: Names
    stage_arn: pulumi.Input[str]
    waf: WafSettings
    logs: LogSettings


class Waf(pulumi.ComponentResource):
    """A web ACL that is associated with the stage of a REST API."""

    def __init__(self, name: str, args: WafArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:api:Waf", name, None, opts)
        self.args = args
        self.child_opts = pulumi.ResourceOptions(parent=self)
        acl = aws.wafv2.WebAcl(
            name,
            name=args.names.api,
            scope="REGIONAL",
            default_action={"allow": {}},
            rules=[self._rate_limit(), *self._rule_groups()],
            data_protection_config={"data_protections": list(_protections())},
            visibility_config=_visibility(args.names.api),
            opts=self.child_opts,
        )
        aws.wafv2.WebAclAssociation(name, resource_arn=args.stage_arn, web_acl_arn=acl.arn, opts=self.child_opts)
        if args.waf.logs != "none":
            self._log(name, acl)
        self.register_outputs({})

    def _rate_limit(self) -> "aws.wafv2.WebAclRuleArgsDict":
        return {
            "name": "rate-limit",
            "priority": 0,
            "action": {"block": {}} if self.args.waf.blocks else {"count": {}},
            "statement": {
                "rate_based_statement": {
                    "limit": self.args.waf.rate_limit,
                    "evaluation_window_sec": RATE_WINDOW,
                    "aggregate_key_type": "IP",
                }
            },
            "visibility_config": _visibility("rate-limit"),
        }

    def _rule_groups(self) -> Iterator["aws.wafv2.WebAclRuleArgsDict"]:
        """Yield the rules that evaluate the rule groups, in their order."""
        for priority, group in enumerate(self.args.waf.rule_groups, 1):
            yield {
                "name": group.name,
                "priority": priority,
                "override_action": {"none": {}} if self.args.waf.blocks else {"count": {}},
                "statement": {"managed_rule_group_statement": _statement(group)},
                "visibility_config": _visibility(group.name),
            }

    def _log(self, name: str, acl: "aws.wafv2.WebAcl") -> None:
        """Log requests without credentials. The name of the log group is one that WAF accepts."""
        args = self.args
        group = log_group("waf", args.names.waf_log_group, args.logs, self.child_opts)
        aws.wafv2.WebAclLoggingConfiguration(
            name,
            resource_arn=acl.arn,
            log_destination_configs=[group.arn],
            redacted_fields=[
                {"query_string": {}},
                *({"single_header": {"name": header}} for header in SECRET_HEADERS),
            ],
            logging_filter=None if args.waf.logs == "all" else _only_matches(),
            opts=self.child_opts,
        )


def _statement(group: RuleGroup) -> "aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementArgsDict":
    return {
        "vendor_name": "AWS",
        "name": group.name,
        "rule_action_overrides": [{"name": rule, "action_to_use": {"count": {}}} for rule in group.counted],
    }


def _protections() -> Iterator["aws.wafv2.WebAclDataProtectionConfigDataProtectionArgsDict"]:
    """Yield the parts of a request that no output contains: credentials, and what clients store or search for."""
    yield {"action": PROTECTION, "field": {"field_type": "SINGLE_HEADER", "field_keys": list(SECRET_HEADERS)}}
    for whole in ("SINGLE_COOKIE", "QUERY_STRING", "BODY"):
        yield {"action": PROTECTION, "field": {"field_type": whole}}


def _visibility(metric: str) -> "aws.wafv2.WebAclVisibilityConfigArgsDict":
    """Return a metric without samples: a sample shows the headers of a request."""
    return {"metric_name": metric, "cloudwatch_metrics_enabled": True, "sampled_requests_enabled": False}


def _only_matches() -> "aws.wafv2.WebAclLoggingConfigurationLoggingFilterArgsDict":
    """Return a filter that keeps the requests that a rule has matched."""
    return {
        "default_behavior": "DROP",
        "filters": [
            {
                "behavior": "KEEP",
                "requirement": "MEETS_ANY",
                "conditions": [{"action_condition": {"action": action}} for action in LOGGED_ACTIONS],
            }
        ],
    }
