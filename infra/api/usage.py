"""Usage plans: a plan's limits apply to each of its clients, whom API Gateway identifies by their API keys."""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from authorizer.decision import usage_key
from infra.api.http_api import HttpApi
from infra.api.rest_api import RestApi
from infra.api.usage_settings import UsagePlan, UsageSettings
from infra.naming import SENT, Names

UNLISTED = "unlisted"
"""The name of the key that clients without a plan share."""


@dataclass(frozen=True, kw_only=True)
class UsagePlansArgs:
    """The stage that the plans apply to, and their settings."""

    names: Names
    api: RestApi | HttpApi
    usage: UsageSettings


@dataclass(frozen=True, kw_only=True)
class ClientKey:
    """The API key of a client, or of all clients without a plan.

    It grants no access without a token. If `value` is None, API Gateway generates one, which the client sends.
    """

    name: str
    value: str | None
    description: str
    issuer: str = ""
    client: str = ""


class UsagePlans(pulumi.ComponentResource):
    """The plans of an API's stage, and a key for each of their clients.

    `keys` are the keys that clients send, by the names of their issuers and clients. They are secrets.
    """

    def __init__(self, name: str, args: UsagePlansArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:api:UsagePlans", name, None, opts)
        self.args = args
        self.child_opts = pulumi.ResourceOptions(parent=self)
        sent: dict[str, dict[str, pulumi.Output[str]]] = {}
        for plan in args.usage.plans:
            created = self._plan(plan)
            for key in client_keys(args.names, args.usage, plan):
                sent.setdefault(key.issuer, {})[key.client] = self._key(key, created)
        self.keys = pulumi.Output.secret(sent)
        self.register_outputs({})

    def _plan(self, plan: UsagePlan) -> aws.apigateway.UsagePlan:
        args, quota = self.args, None
        if plan.quota is not None:
            quota = aws.apigateway.UsagePlanQuotaSettingsArgs(limit=plan.quota, period=plan.period or "DAY")
        return aws.apigateway.UsagePlan(
            plan.name,
            name=args.names.resource(plan.name),
            api_stages=[aws.apigateway.UsagePlanApiStageArgs(api_id=args.api.api_id, stage=args.api.stage_name)],
            throttle_settings=aws.apigateway.UsagePlanThrottleSettingsArgs(
                rate_limit=plan.rate, burst_limit=plan.burst
            ),
            quota_settings=quota,
            opts=self.child_opts,
        )

    def _key(self, key: ClientKey, plan: aws.apigateway.UsagePlan) -> pulumi.Output[str]:
        """Create a key, attach it to its plan, and return its value."""
        created = aws.apigateway.ApiKey(
            key.name,
            name=self.args.names.resource(key.name),
            value=key.value,
            description=key.description,
            opts=self.child_opts,
        )
        aws.apigateway.UsagePlanKey(
            key.name,
            key_id=created.id,
            key_type="API_KEY",
            usage_plan_id=plan.id,
            # For each stage, a key can be in only one plan: a client must leave its plan before it can join another.
            # Its output `value` is the key, which the provider does not mark as a secret.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True, additional_secret_outputs=["value"]),
        )
        return created.value


def client_keys(names: Names, usage: UsageSettings, plan: UsagePlan) -> Iterator[ClientKey]:
    """Yield the keys of a plan's clients, and the shared key if clients without a plan share this one."""
    for issuer, clients in plan.clients.items():
        for client in clients:
            # An issuer's name has no "|", so no two clients have the same name.
            name, value = f"{issuer}|{client}", usage_key(names.project, names.stack, issuer, client)
            if usage.requires_keys:
                # Another resource than the authorizer's key, because removing `value` alone would keep the value, which
                # anyone who knows the client can compute.
                name, value = f"{SENT}:{name}", None
            description = f"Client {client} of issuer {issuer}"
            yield ClientKey(name=name, value=value, description=description, issuer=issuer, client=client)
    if plan.name == usage.unlisted:
        value = usage_key(names.project, names.stack)
        # Not named after its plan: its value is the same in any plan, and API Gateway rejects a second key with the
        # same value while the first exists.
        yield ClientKey(name=UNLISTED, value=value, description="All clients that no plan lists")
