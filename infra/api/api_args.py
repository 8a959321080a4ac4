"""What an API of either flavour is made of."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from handlers.contract import Route
from infra.api.api_settings import ApiSettings
from infra.authorizer.authorizer import Authorizer
from infra.edge.domain_settings import DomainSettings
from infra.functions.handlers import Handlers
from infra.logs import LogSettings
from infra.naming import Names


@dataclass(frozen=True, kw_only=True)
class ApiArgs:
    """The routes, the functions behind them, and the settings of the stage.

    `policy_cache` is how long (seconds) API Gateway caches the authorizer's policies.
    """

    names: Names
    routes: Sequence[Route]
    handlers: Handlers
    authorizer: Authorizer
    policy_cache: int
    api: ApiSettings
    domain: DomainSettings
    logs: LogSettings

    def invocation_uris(self) -> pulumi.Output[dict[str, Any]]:
        """Return what API Gateway invokes: `functions` by the route's name, and the `authorizer`."""
        uris = {name: function.invoke_arn for name, function in self.handlers.functions.items()}
        return pulumi.Output.all(functions=uris, authorizer=self.authorizer.function.invoke_arn)

    def allow_gateway(self, execution_arn: pulumi.Input[str]) -> list[aws.lambda_.Permission]:
        """Let the API with this execution ARN invoke all functions."""
        return [*self.handlers.allow_gateway(execution_arn), self.authorizer.allow_gateway(execution_arn)]


def deployment_digest(*parts: str) -> str:
    """Return a digest of everything that a deployment of the API contains.

    A deployment is a snapshot of the API, so it must be replaced whenever any part of the API changes.
    """
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
