"""What the authorizer finds in its environment: what is known only once it is deployed, and what Lambda tells."""

import os
from collections.abc import Mapping

import msgspec
from msgspec import field

from authorizer.errors import SettingsBroken
from authorizer.signing import Credentials

REVOCATIONS_TABLE = "REVOCATIONS_TABLE"
"""The variable with the name of the table of revoked tokens."""


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
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return self.dynamodb_endpoint or self.endpoint or f"https://dynamodb.{self.region}.{domain}"

    def __repr__(self) -> str:
        return "Environment(…)"


def read(variables: Mapping[str, str] = os.environ) -> Environment:
    """The environment, typed. Raises SettingsBroken, which names what is missing."""
    try:
        return msgspec.convert(dict(variables), Environment)
    except msgspec.ValidationError as error:
        raise SettingsBroken(f"environment: {error}") from None
