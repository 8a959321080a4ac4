"""Clients of AWS services that answer at a local endpoint."""

from dataclasses import dataclass, field
from typing import Any, Final, cast

import botocore.session  # pyright: ignore[reportMissingTypeStubs]
from botocore import configprovider  # pyright: ignore[reportMissingTypeStubs]
from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs]

# Retries would only hide that the emulator has stopped, and a proxy could not reach it.
_CONFIG: Final = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60, proxies={})


def _isolated_session() -> Any:
    """Return a session with botocore's own defaults, which reads neither the environment nor ~/.aws."""
    untyped = cast("Any", configprovider)
    settings = cast("dict[str, tuple[Any, Any, Any, Any]]", untyped.BOTOCORE_DEFAUT_SESSION_VARIABLES)
    defaults = {name: untyped.ConstantProvider(default) for name, (_, _, default, _) in settings.items()}
    session: Any = botocore.session.Session()
    session.register_component("config_store", untyped.ConfigValueStore(mapping=defaults))
    return session


@dataclass(frozen=True)
class Connection:
    """An account and a region of AWS services that answer at one endpoint.

    MiniStack accepts an account number as the access key of that account's root user.
    """

    endpoint: str
    region: str
    account: str
    _session: Any = field(default_factory=_isolated_session, repr=False, compare=False)
    _clients: dict[str, Any] = field(default_factory=dict[str, Any], repr=False, compare=False)

    def client(self, service: str) -> Any:
        """Return the client of a service by its botocore name (`apigateway`); it is created once."""
        if service not in self._clients:
            self._clients[service] = self._session.create_client(
                service,
                endpoint_url=self.endpoint,
                region_name=self.region,
                aws_access_key_id=self.account,
                aws_secret_access_key="local",  # noqa: S106 - the emulator does not check it
                config=_CONFIG,
            )
        return self._clients[service]

    def input_shape(self, service: str, operation: str) -> Any:
        """Return botocore's description of an operation's parameters."""
        return self.client(service).meta.service_model.operation_model(operation).input_shape

    def call(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Call an operation by its name in the AWS documentation (`CreateTable`)."""
        client = self.client(service)
        methods = {name: method for method, name in client.meta.method_to_api_mapping.items()}
        return getattr(client, methods[operation])(**parameters)

    def arn(self, service: str, resource: str, *, account: bool = True) -> str:
        """Return the ARN of a resource in this region and account; the ARNs of some services contain no account."""
        return f"arn:aws:{service}:{self.region}:{self.account if account else ''}:{resource}"
