"""Usage plans: what each client may use of the API. API Gateway counts it under a key that the authorizer names."""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from authorizer.decision import usage_key
from infra.gateway import Gateway
from infra.naming import Names
from infra.settings import StackSettings, Usage, UsagePlan

UNLISTED = "unlisted"
"""The name of the key that the clients of no plan share."""


@dataclass(frozen=True, kw_only=True)
class UsagePlansArgs:
    """The API that the plans are for, and the stack's settings."""

    names: Names
    gateway: Gateway
    settings: StackSettings


@dataclass(frozen=True, kw_only=True)
class ClientKey:
    """The key that stands for a client, or for all that no plan lists. It opens nothing: a client cannot send it."""

    name: str
    value: str
    description: str


class UsagePlans(pulumi.ComponentResource):
    """The stack's plans for its API's stage, and a key for each of their clients."""

    def __init__(self, name: str, args: UsagePlansArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:api:UsagePlans", name, None, opts)
        self.args = args
        self.child = pulumi.ResourceOptions(parent=self)
        for plan in args.settings.usage.plans:
            made = self._plan(plan)
            for key in client_keys(args.names, args.settings.usage, plan):
                self._key(key, made)
        self.register_outputs({})

    def _plan(self, plan: UsagePlan) -> aws.apigateway.UsagePlan:
        gateway, quota = self.args.gateway, None
        if plan.quota is not None:
            quota = aws.apigateway.UsagePlanQuotaSettingsArgs(limit=plan.quota, period=plan.period or "DAY")
        return aws.apigateway.UsagePlan(
            plan.name,
            name=self.args.names.resource(plan.name),
            api_stages=[
                aws.apigateway.UsagePlanApiStageArgs(api_id=gateway.api.id, stage=gateway.stage.stage_name),
            ],
            throttle_settings=aws.apigateway.UsagePlanThrottleSettingsArgs(
                rate_limit=plan.rate, burst_limit=plan.burst
            ),
            quota_settings=quota,
            tags=self.args.settings.tags,
            opts=self.child,
        )

    def _key(self, key: ClientKey, plan: aws.apigateway.UsagePlan) -> None:
        """Makes a key and attaches it to its plan."""
        made = aws.apigateway.ApiKey(
            key.name,
            name=self.args.names.resource(key.name),
            value=key.value,
            description=key.description,
            tags=self.args.settings.tags,
            opts=self.child,
        )
        aws.apigateway.UsagePlanKey(
            key.name,
            key_id=made.id,
            key_type="API_KEY",
            usage_plan_id=plan.id,
            # A stage's key is in one plan at most, so a client that changes plans has to leave the old one first.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )


def client_keys(names: Names, usage: Usage, plan: UsagePlan) -> Iterator[ClientKey]:
    """The keys of a plan, the one of the clients that no plan lists among them where the plan is theirs."""
    for issuer, clients in plan.clients.items():
        for client in clients:
            value = usage_key(names.project, names.stack, issuer, client)
            # An issuer's name has no "|", so two clients never have the same name.
            yield ClientKey(name=f"{issuer}|{client}", value=value, description=f"Client {client} of issuer {issuer}")
    if plan.name == usage.unlisted:
        value = usage_key(names.project, names.stack)
        # Named after what it is for and not after its plan: its value stays the same when the plan is another one, and
        # API Gateway takes no second key of the same value while the first is there.
        yield ClientKey(name=UNLISTED, value=value, description="All clients that no plan lists")
