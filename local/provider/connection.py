"""Clients of AWS services that answer at a local endpoint."""

from dataclasses import dataclass, field
from typing import Any, Final, cast

import botocore.session  # pyright: ignore[reportMissingTypeStubs]
from botocore import configprovider  # pyright: ignore[reportMissingTypeStubs]
from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs]

# A local service answers at once or not at all: a retry would only hide that it is gone, a proxy does not reach it.
_CONFIG: Final = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60, proxies={})


def _isolated_session() -> Any:
    """A session with botocore's own defaults: neither the environment nor ~/.aws is read."""
    untyped = cast("Any", configprovider)
    settings = cast("dict[str, tuple[Any, Any, Any, Any]]", untyped.BOTOCORE_DEFAUT_SESSION_VARIABLES)
    defaults = {name: untyped.ConstantProvider(default) for name, (_, _, default, _) in settings.items()}
    session: Any = botocore.session.Session()
    session.register_component("config_store", untyped.ConfigValueStore(mapping=defaults))
    return session


@dataclass(frozen=True)
class Connection:
    """An account and a region of AWS services that answer at one endpoint.

    The access key is the account's number, which MiniStack takes for that account's root.
    """

    endpoint: str
    region: str
    account: str
    _session: Any = field(default_factory=_isolated_session, repr=False, compare=False)
    _clients: dict[str, Any] = field(default_factory=dict[str, Any], repr=False, compare=False)

    def client(self, service: str) -> Any:
        """The client of a service by its botocore name (`apigateway`), made once."""
        if service not in self._clients:
            self._clients[service] = self._session.create_client(
                service,
                endpoint_url=self.endpoint,
                region_name=self.region,
                aws_access_key_id=self.account,
                aws_secret_access_key="local",  # noqa: S106 - the emulator checks none for an account's root
                config=_CONFIG,
            )
        return self._clients[service]

    def input_shape(self, service: str, operation: str) -> Any:
        """The description of an operation's parameters."""
        return self.client(service).meta.service_model.operation_model(operation).input_shape

    def call(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Call an operation by its name in AWS's documentation (`CreateTable`)."""
        client = self.client(service)
        methods = {named: method for method, named in client.meta.method_to_api_mapping.items()}
        return getattr(client, methods[operation])(**parameters)

    def arn(self, service: str, resource: str, *, account: bool = True) -> str:
        """The ARN of a resource in this region and account; some services leave the account out."""
        return f"arn:aws:{service}:{self.region}:{self.account if account else ''}:{resource}"
