"""The environment variables of the function: values that are known only after a deployment, and those of Lambda."""

import os
from collections.abc import Callable, Mapping

import msgspec
from msgspec import field

from authorizer.clock import Clock
from authorizer.errors import SettingsInvalid
from authorizer.http.connection import parse_endpoint
from authorizer.revocation.container_credentials import ContainerCredentials
from authorizer.revocation.sigv4 import Credentials

REVOCATIONS_TABLE = "REVOCATIONS_TABLE"
"""The variable with the name of the denylist's table."""

DOMAINS = {
    "cn": "amazonaws.com.cn",
    "eusc-de": "amazonaws.eu",
    "us-iso": "c2s.ic.gov",
    "us-isob": "sc2s.sgov.gov",
    "us-isof": "csp.hci.ic.gov",
    "eu-isoe": "cloud.adc-e.uk",
}
"""Domains of AWS partitions other than the default, by a region's name without direction and number."""


class Environment(msgspec.Struct, frozen=True):
    """The variables for reading DynamoDB (AWS, "Defined runtime environment variables")."""

    revocations_table: str = field(name=REVOCATIONS_TABLE)
    region: str = field(name="AWS_REGION")
    key_id: str = field(name="AWS_ACCESS_KEY_ID", default="")
    secret: str = field(name="AWS_SECRET_ACCESS_KEY", default="")
    session_token: str = field(name="AWS_SESSION_TOKEN", default="")
    endpoint: str = field(name="AWS_ENDPOINT_URL", default="")
    dynamodb_endpoint: str = field(name="AWS_ENDPOINT_URL_DYNAMODB", default="")
    credentials_url: str = field(name="AWS_CONTAINER_CREDENTIALS_FULL_URI", default="")
    credentials_token: str = field(name="AWS_CONTAINER_AUTHORIZATION_TOKEN", default="")

    @property
    def credentials(self) -> Credentials:
        """The credentials of the function's role, if the environment contains them."""
        return Credentials(self.key_id, self.secret, self.session_token)

    def credential_source(self, clock: Clock) -> Callable[[float], Credentials]:
        """Return a function that returns the credentials by a deadline (of `time.monotonic`). Raises OSError then."""
        if self.credentials_url:
            return ContainerCredentials(self.credentials_url, self.credentials_token, clock)
        return lambda _: self.credentials

    @property
    def dynamodb_url(self) -> str:
        """The URL of DynamoDB (AWS, "Service-specific endpoints", "DynamoDB endpoints and quotas")."""
        domain = DOMAINS.get(self.region.rpartition("-")[0].rpartition("-")[0], "amazonaws.com")
        return self.dynamodb_endpoint or self.endpoint or f"https://dynamodb.{self.region}.{domain}"

    def __repr__(self) -> str:
        return "Environment(…)"


def read_environment(variables: Mapping[str, str] = os.environ) -> Environment:
    """Return the environment. Raises SettingsInvalid, which names a missing variable."""
    try:
        environment = msgspec.convert(dict(variables), Environment)
        parse_endpoint(environment.dynamodb_url)
        if environment.credentials_url:
            parse_endpoint(environment.credentials_url)
    except ValueError as error:
        raise SettingsInvalid(f"environment: {error}") from None
    missing = {"AWS_ACCESS_KEY_ID": environment.key_id, "AWS_SECRET_ACCESS_KEY": environment.secret}
    for name, value in missing.items():
        if not value and not environment.credentials_url:
            raise SettingsInvalid(f"environment: {name} is missing")
    return environment
