"""The environment variables of the function: values that are known only after a deployment, and those of Lambda."""

import os
from collections.abc import Mapping

import msgspec
from msgspec import field

from authorizer.errors import SettingsInvalid
from authorizer.http.connection import parse_endpoint
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
    key_id: str = field(name="AWS_ACCESS_KEY_ID")
    secret: str = field(name="AWS_SECRET_ACCESS_KEY")
    session_token: str = field(name="AWS_SESSION_TOKEN", default="")
    endpoint: str = field(name="AWS_ENDPOINT_URL", default="")
    dynamodb_endpoint: str = field(name="AWS_ENDPOINT_URL_DYNAMODB", default="")

    @property
    def credentials(self) -> Credentials:
        """The credentials of the function's role."""
        return Credentials(self.key_id, self.secret, self.session_token)

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
    except ValueError as error:
        raise SettingsInvalid(f"environment: {error}") from None
    return environment
