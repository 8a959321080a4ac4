"""Requests to AWS are signed as botocore signs them."""

from datetime import UTC, datetime
from unittest.mock import patch

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from authorizer.revocation.sigv4 import Credentials, CredentialScope, sign

words = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789+/=-_.", min_size=1, max_size=40)


@given(
    key_id=words,
    secret=words,
    token=st.just("") | words,
    region=st.sampled_from(["us-east-1", "eu-central-1", "cn-north-1"]),
    host=st.sampled_from(["dynamodb.eu-central-1.amazonaws.com", "127.0.0.1:4566"]),
    body=st.binary(max_size=100),
    now=st.integers(0, 4_000_000_000),
)
def test_a_signature_equals_that_of_botocore(
    key_id: str, secret: str, token: str, region: str, host: str, body: bytes, now: int
) -> None:
    fields = {"Host": host, "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB.Something"}
    request = AWSRequest("POST", f"https://{host}/", headers=dict(fields), data=body)
    with patch("botocore.auth.get_current_datetime", lambda: datetime.fromtimestamp(now, UTC)):
        SigV4Auth(BotocoreCredentials(key_id, secret, token or None), "dynamodb", region).add_auth(request)
    made = sign(fields, body, CredentialScope(region, "dynamodb"), Credentials(key_id, secret, token), now)
    assert made == dict(request.headers.items())


def test_fractions_of_a_second_are_ignored() -> None:
    scope, credentials = CredentialScope("us-east-1", "dynamodb"), Credentials("a", "b")
    assert sign({"Host": "x"}, b"", scope, credentials, 1.9) == sign({"Host": "x"}, b"", scope, credentials, 1)


def test_the_repr_contains_no_secrets() -> None:
    assert repr(Credentials("id", "secret", "secret token")) == "Credentials(…)"
