"""Clients ignore the developer's AWS configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.provider.connection import Connection

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_clients_ignore_the_environment_and_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[default]\nregion = eu-north-1\nendpoint_url = http://example.com\nuse_fips_endpoint = true\n"
        "[profile work]\nregion = eu-north-1\nmax_attempts = 9\n"
    )
    for name, value in {
        "HOME": str(tmp_path),
        "AWS_CONFIG_FILE": str(config),
        "AWS_PROFILE": "no-such-profile",
        "AWS_REGION": "eu-north-1",
        "AWS_DEFAULT_REGION": "eu-north-1",
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_ENDPOINT_URL": "http://example.com",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_CA_BUNDLE": str(tmp_path / "missing.pem"),
        "HTTP_PROXY": "http://example.com:3128",
    }.items():
        monkeypatch.setenv(name, value)
    client = Connection("http://127.0.0.1:9", "us-east-1", "000000000000").client("dynamodb")
    assert client.meta.endpoint_url == "http://127.0.0.1:9"
    assert client.meta.region_name == "us-east-1"
    credentials = client._get_credentials().get_frozen_credentials()
    assert (credentials.access_key, credentials.token) == ("000000000000", None)
    assert client.meta.config.proxies == {}
    assert client._endpoint.http_session._proxy_config.proxy_url_for("http://127.0.0.1:9") is None


def test_arns_contain_the_region_and_the_account() -> None:
    connection = Connection("http://127.0.0.1:9", "us-east-1", "000000000000")
    assert connection.arn("logs", "log-group:/a") == "arn:aws:logs:us-east-1:000000000000:log-group:/a"
    assert connection.arn("apigateway", "/restapis/a", account=False) == "arn:aws:apigateway:us-east-1::/restapis/a"
