"""The stack's own user pool: people and machines get tokens from it, call the API, and are signed out everywhere."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest

from local import cli, deploy
from local.deploy import Engine
from local.engine.values import Secret, revealed
from local.issuer import TokenRequest
from local.processes import wait_until
from tests.e2e.conftest import ALL_SCOPES
from tests.e2e.sign_in import granted, token_response
from tests.e2e.user_pool import CALLBACKS, IDENTITY, SCOPES, Pool, claims_of, running_pool

USAGE = {
    "plans": [
        {"name": "small", "rate": 100, "burst": 100, "quota": 2, "clients": {"users": ["batch"]}},
        {"name": "others", "rate": 100, "burst": 100},
    ],
    "unlisted": "others",
}


@pytest.fixture(scope="module", params=["rest", "http"])
def pool(request: pytest.FixtureRequest, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    # HTTP APIs have no usage plans.
    more = {"usage": USAGE} if request.param == "rest" else {"api.flavour": "http"}
    with running_pool(tmp_path_factory.mktemp("state"), engine, {"identity": IDENTITY, **more}) as running:
        yield running


def wait_for_the_next_second() -> None:
    time.sleep(1.01 - time.time() % 1)


def test_a_person_signs_in_calls_refreshes_and_is_signed_out_everywhere(pool: Pool) -> None:
    tokens = pool.sign_in("web", "openid", *SCOPES)
    created = pool.call(tokens["access_token"], "POST", json={"name": "mine"})
    assert created.status_code == 201, created.text
    listed = pool.call(tokens["access_token"])
    assert (listed.status_code, listed.json()["items"]) == (200, [created.json()])

    refreshed = granted(pool.refresh("web", tokens["refresh_token"]))
    assert refreshed["access_token"] != tokens["access_token"]
    assert refreshed["refresh_token"] != tokens["refresh_token"]
    assert pool.call(refreshed["access_token"]).json()["items"] == [created.json()]

    subject = claims_of(tokens["access_token"])["sub"]
    (line,) = pool.sign_out_everywhere(subject)
    assert line.startswith(f"Revoked every token that issuer users issued to {subject} until 20")
    for each in (tokens, refreshed):
        assert pool.call(each["access_token"]).status_code == 401
        answer = pool.refresh("web", each["refresh_token"])
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")

    wait_for_the_next_second()
    again = pool.sign_in("web", "openid", *SCOPES)["access_token"]
    assert pool.call(again).json()["items"] == [created.json()]


def test_the_development_issuer_is_still_accepted_and_has_other_data(pool: Pool) -> None:
    token = pool.stack.issuer.token(TokenRequest(scope="items:read"))
    listed = pool.call(token)
    assert (listed.status_code, listed.json()["items"]) == (200, [])


def test_an_app_gets_only_the_scopes_in_its_settings(pool: Pool) -> None:
    token = pool.sign_in("mobile", "openid", "gatehouse/items:read")["access_token"]
    assert claims_of(token)["client_id"] == pool.client_id("mobile")
    assert pool.call(token).status_code == 200
    assert pool.call(token, "POST", json={"name": "x"}).status_code == 403
    request = {"client_id": pool.client_id("mobile"), "redirect_uri": CALLBACKS["mobile"], "response_type": "code"}
    refused = httpx.get(f"{pool.endpoint}/oauth2/authorize", params={**request, "scope": SCOPES[1]})
    assert "invalid_scope" in refused.headers["Location"]
    assert "code=" not in refused.headers["Location"]


def test_a_machine_gets_only_the_scopes_in_its_settings(pool: Pool) -> None:
    token = granted(pool.machine_token())["access_token"]
    assert pool.call(token).status_code == 200
    assert pool.call(token, "POST", json={"name": "x"}).status_code == 403
    assert pool.call(token, path="/events").status_code == 403
    assert pool.machine_token("gatehouse/items:write").status_code == 400


def test_a_usage_plan_limits_a_client_that_it_lists_by_name(pool: Pool) -> None:
    token = granted(pool.machine_token(name="batch"))["access_token"]
    expected = [200, 200, 429 if "api.flavour" not in pool.options.settings else 200]
    assert [pool.call(token).status_code for _ in range(3)] == expected
    assert pool.call(granted(pool.machine_token())["access_token"]).status_code == 200


def test_an_id_token_and_the_token_of_a_client_outside_of_the_stack_are_rejected(pool: Pool) -> None:
    assert pool.call(pool.sign_in("web", "openid", *SCOPES)["id_token"]).status_code == 401
    other = pool.aws("cognito-idp").create_user_pool_client(
        UserPoolId=pool.described["poolId"], ClientName="other", GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"], AllowedOAuthScopes=list(SCOPES), AllowedOAuthFlowsUserPoolClient=True,
    )["UserPoolClient"]  # fmt: skip
    client = (other["ClientId"], other["ClientSecret"])
    token = granted(token_response(pool.endpoint, client, grant_type="client_credentials"))["access_token"]
    assert claims_of(token)["iss"] == pool.described["issuer"]
    assert pool.call(token).status_code == 401


def test_tokens_are_valid_for_as_long_as_the_settings_say(pool: Pool) -> None:
    for token in (pool.sign_in("web", *SCOPES)["access_token"], granted(pool.machine_token())["access_token"]):
        claims = claims_of(token)
        assert claims["exp"] - claims["iat"] == 15 * 60


class TestResources:
    """The pool and what belongs to it, as AWS describes them."""

    def test_the_pool(self, pool: Pool) -> None:
        found = pool.aws("cognito-idp").describe_user_pool(UserPoolId=pool.described["poolId"])["UserPool"]
        assert found["Name"] == "gatehouse-local-users"
        assert (found["UsernameAttributes"], found["UsernameConfiguration"]) == (["email"], {"CaseSensitive": False})
        assert found["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
        assert found["AccountRecoverySetting"]["RecoveryMechanisms"] == [{"Name": "verified_email", "Priority": 1}]
        assert (found["MfaConfiguration"], found["DeletionProtection"]) == ("OPTIONAL", "INACTIVE")
        assert found["UserPoolTier"] == "ESSENTIALS"
        policy = found["Policies"]["PasswordPolicy"]
        assert (policy["MinimumLength"], policy["RequireSymbols"]) == (12, True)
        assert pool.described["issuer"].endswith(f".amazonaws.com/{found['Id']}")

    def test_the_domain(self, pool: Pool) -> None:
        pool_id, domain = pool.described["poolId"], pool.described["domain"]
        found = pool.aws("cognito-idp").describe_user_pool_domain(Domain=domain)["DomainDescription"]
        assert found["UserPoolId"] == pool_id
        assert domain == f"gatehouse-local-{pool_id.rpartition('_')[2].lower()}"

    def test_the_scopes(self, pool: Pool) -> None:
        server = pool.aws("cognito-idp").describe_resource_server(
            UserPoolId=pool.described["poolId"], Identifier="gatehouse"
        )["ResourceServer"]
        assert sorted(each["ScopeName"] for each in server["Scopes"]) == ALL_SCOPES.split()

    def test_the_clients(self, pool: Pool) -> None:
        found: dict[str, dict[str, Any]] = {}
        for name, client in pool.described["clients"].items():
            target = {"UserPoolId": pool.described["poolId"], "ClientId": client}
            found[name] = pool.aws("cognito-idp").describe_user_pool_client(**target)["UserPoolClient"]
        assert sorted(found) == ["batch", "mobile", "reports", "web"]
        for name in ("web", "mobile"):
            assert "ClientSecret" not in found[name]
            assert found[name]["AllowedOAuthFlows"] == ["code"]
            assert found[name]["CallbackURLs"] == [CALLBACKS[name]]
            assert found[name]["RefreshTokenRotation"]["Feature"] == "ENABLED"
        assert found["web"]["LogoutURLs"] == ["http://localhost:3000/"]
        assert found["reports"]["AllowedOAuthFlows"] == ["client_credentials"]
        assert found["reports"]["AllowedOAuthScopes"] == ["gatehouse/items:read"]
        for client in found.values():
            assert client["PreventUserExistenceErrors"] == "ENABLED"
            assert client["EnableTokenRevocation"] is True
            assert set(client["ExplicitAuthFlows"]) <= {"ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}


def test_the_status_has_what_an_app_needs_to_sign_people_in(pool: Pool) -> None:
    status = pool.stack.status(1)
    assert httpx.get(status.sign_in).status_code in (200, 400)
    assert status.clients == {name: pool.client_id(name) for name in ("web", "mobile", "reports", "batch")}


def test_the_status_prints_the_clients_with_their_names(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "_running", lambda: pool.stack.status(1))
    assert cli.main(["status"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert f"web: {pool.client_id('web')}" in printed
    assert f"batch: {pool.client_id('batch')}" in printed


def test_a_machines_secret_is_printed_on_request(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "_running", lambda: None)
    monkeypatch.setattr(cli, "exports", lambda _: pool.stack.exports)
    assert cli.main(["secret", "--client", "reports"]) == 0
    assert capsys.readouterr().out.strip() == revealed(pool.stack.exports["clientSecrets"])["reports"]
    assert cli.main(["secret", "--client", "web"]) == 1
    assert capsys.readouterr().err == "gatehouse: client web has no secret; clients with one: batch, reports\n"


def test_secrets_are_secrets_and_in_no_log(pool: Pool) -> None:
    secrets = pool.stack.exports["clientSecrets"]
    assert isinstance(secrets["reports"], Secret)
    value = revealed(secrets)["reports"]
    assert len(value) >= 24
    options = pool.stack.emulator.options
    for log in (options.functions_log, options.log):
        assert value not in log.read_text()


def test_requests_with_other_tokens_are_served_while_the_pool_is_removed(pool: Pool) -> None:
    """The last test of the file. Each request has another token, for which no decision is cached."""
    of_pool = pool.sign_in("web", "openid", *SCOPES)["access_token"]
    usage = {"plans": USAGE["plans"][1:], "unlisted": "others"}
    without = {"usage": usage} if "api.flavour" not in pool.options.settings else {"api.flavour": "http"}
    target = replace(pool.options, settings=without).target(pool.endpoint)
    found: list[int] = []
    removed = threading.Event()

    def send() -> None:
        while not removed.is_set():
            found.append(pool.call(pool.stack.issuer.token(TokenRequest(scope="items:read"))).status_code)

    with ThreadPoolExecutor() as executor:
        sending = executor.submit(send)
        assert wait_until(lambda: len(found) > 0 or sending.done(), seconds=30)
        try:
            deploy.up(pool.options.engine, target)
        finally:
            removed.set()
        sending.result()
    assert set(found) == {200}
    assert pool.aws("cognito-idp").list_user_pools(MaxResults=10)["UserPools"] == []
    assert pool.call(of_pool).status_code == 401
