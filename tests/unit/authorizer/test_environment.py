"""The environment variables are read into a typed object, and errors name a missing one."""

from typing import Any

import botocore.session
import pytest

from authorizer.errors import SettingsInvalid
from authorizer.revocation.environment import read_environment

VARIABLES = {
    "REVOCATIONS_TABLE": "revoked",
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "AKID",
    "AWS_SECRET_ACCESS_KEY": "very secret",
    "PATH": "/bin",
}


@pytest.mark.parametrize("missing", [name for name in VARIABLES if name != "PATH"])
def test_the_error_names_a_missing_variable_and_contains_no_secret(missing: str) -> None:
    with pytest.raises(SettingsInvalid, match=missing) as failed:
        read_environment({name: value for name, value in VARIABLES.items() if name != missing})
    assert "very secret" not in str(failed.value)


def test_the_variables_of_lambda_are_read() -> None:
    found = read_environment({**VARIABLES, "AWS_SESSION_TOKEN": "token"})
    assert (found.revocations_table, found.region) == ("revoked", "eu-central-1")
    credentials = found.credentials
    assert (credentials.key_id, credentials.secret, credentials.session_token) == ("AKID", "very secret", "token")
    assert read_environment(VARIABLES).credentials.session_token == ""


@pytest.mark.parametrize(
    ("more", "url"),
    [
        ({}, "https://dynamodb.eu-central-1.amazonaws.com"),
        ({"AWS_REGION": "cn-north-1"}, "https://dynamodb.cn-north-1.amazonaws.com.cn"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, "http://127.0.0.1:4566"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_DYNAMODB": "https://x"}, "https://x"),
    ],
)
def test_the_endpoint_is_that_of_the_region_unless_another_is_set(more: dict[str, str], url: str) -> None:
    assert read_environment({**VARIABLES, **more}).dynamodb_url == url


def test_the_endpoint_is_correct_in_every_partition() -> None:
    """Checks one region for each prefix of region names, in every partition that botocore knows."""
    session: Any = botocore.session.Session()
    regions = {
        region.rpartition("-")[0].rpartition("-")[0]: region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("dynamodb", partition)
    }
    assert {"us", "eu", "cn", "us-gov", "us-iso", "eusc-de"} <= regions.keys()
    for region in regions.values():
        client = session.create_client("dynamodb", region, aws_access_key_id="a", aws_secret_access_key="b")
        assert read_environment({**VARIABLES, "AWS_REGION": region}).dynamodb_url == client.meta.endpoint_url


@pytest.mark.parametrize("url", ["http://host.docker.internal:4566", "HTTPS://x", "x", "https://x:99999"])
def test_an_invalid_endpoint_is_an_invalid_setting(url: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"environment: .*(must be https|the port must be)"):
        read_environment({**VARIABLES, "AWS_ENDPOINT_URL": url})


def test_the_repr_contains_no_secrets() -> None:
    assert repr(read_environment(VARIABLES)) == "Environment(…)"
