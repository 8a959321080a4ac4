"""What the authorizer finds in its environment: what is known only once it is deployed, and what Lambda tells."""

import os
from collections.abc import Mapping

import msgspec
from msgspec import field

from authorizer.errors import SettingsInvalid
from authorizer.http.connection import parse_endpoint
from authorizer.revocation.sigv4 import Credentials

REVOCATIONS_TABLE = "REVOCATIONS_TABLE"
"""The variable with the name of the table of revoked tokens."""


DOMAINS = {
    "cn": "amazonaws.com.cn",
    "eusc-de": "amazonaws.eu",
    "us-iso": "c2s.ic.gov",
    "us-isob": "sc2s.sgov.gov",
    "us-isof": "csp.hci.ic.gov",
    "eu-isoe": "cloud.adc-e.uk",
}
"""Domains of AWS's partitions that have one of their own, by a region's name without direction and number."""


class Environment(msgspec.Struct, frozen=True):
    """The variables that reading DynamoDB takes. AWS, "Defined runtime environment variables"."""

    revocations_table: str = field(name=REVOCATIONS_TABLE)
    region: str = field(name="AWS_REGION")
    key_id: str = field(name="AWS_ACCESS_KEY_ID")
    secret: str = field(name="AWS_SECRET_ACCESS_KEY")
    session_token: str = field(name="AWS_SESSION_TOKEN", default="")
    endpoint: str = field(name="AWS_ENDPOINT_URL", default="")
    dynamodb_endpoint: str = field(name="AWS_ENDPOINT_URL_DYNAMODB", default="")

    @property
    def credentials(self) -> Credentials:
        """The keys of the function's role."""
        return Credentials(self.key_id, self.secret, self.session_token)

    @property
    def dynamodb_url(self) -> str:
        """Where DynamoDB answers: AWS, "Service-specific endpoints", "DynamoDB endpoints and quotas"."""
        domain = DOMAINS.get(self.region.rpartition("-")[0].rpartition("-")[0], "amazonaws.com")
        return self.dynamodb_endpoint or self.endpoint or f"https://dynamodb.{self.region}.{domain}"

    def __repr__(self) -> str:
        return "Environment(…)"


def read(variables: Mapping[str, str] = os.environ) -> Environment:
    """The environment, typed. Raises SettingsInvalid, which names what is missing."""
    try:
        found = msgspec.convert(dict(variables), Environment)
        parse_endpoint(found.dynamodb_url)
    except ValueError as error:
        raise SettingsInvalid(f"environment: {error}") from None
    return found
