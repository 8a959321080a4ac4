"""Revoked tokens are rejected immediately, although their policies are cached; other tokens are not affected."""

import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import jwt
import pytest
from botocore.exceptions import ClientError

from authorizer.revocation.entries import ENTRY_LIFETIME, EXPIRY, ISSUED_UNTIL, KEY, subject_key
from infra import revoke
from infra.naming import Names
from infra.packaging.bundles import ROOT
from infra.revoke import Clients, DeployedStack, RevokeError, RevokeRequest
from local.provider import Provider
from local.running_stack import RunningStack
from tests.e2e.conftest import Client
from tests.e2e.gateway_answers import assert_answer
from tests.e2e.test_least_privilege import role_policies

AUTHORIZER = "gatehouse-local-authorizer"
TABLE = "gatehouse-local-authorizer-revocations"


@pytest.fixture(scope="module")
def provider(stack: RunningStack) -> Provider:
    return Provider(stack.emulator.endpoint_url, account=stack.emulator.options.account)


@pytest.fixture
def clients(provider: Provider) -> Clients:
    return Clients.of(provider.connection.client)


@pytest.fixture
def environment(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment variables with which the AWS SDK uses the stack's emulator, with all permissions."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.emulator.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", stack.emulator.options.account)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")


def revoke_one(clients: Clients, subject: str = "", token_id: str = "") -> str:
    """Revoke, and return the only line of the result."""
    request = RevokeRequest(subjects=[subject] if subject else [], token_ids=[token_id] if token_id else [])
    (line,) = revoke.revoke(DeployedStack.read(ROOT, "local"), clients, request, pause=lambda _: None)
    return line


def status(client: Client, token: str) -> int:
    return client.call("GET", "/items", token).status_code


def token_id(token: str) -> str:
    return jwt.decode(token, options={"verify_signature": False})["jti"]


def entry(clients: Clients, key: str) -> dict[str, Any]:
    return clients.dynamodb.get_item(TableName=TABLE, Key={KEY: {"S": key}})["Item"]


def wait_for_the_next_second() -> None:
    time.sleep(1.01 - time.time() % 1)


def test_a_revoked_token_is_401_immediately_and_the_subjects_other_tokens_are_not(
    client: Client, clients: Clients
) -> None:
    token, other = client.token("revoked-token"), client.token("revoked-token")
    assert [status(client, each) for each in (token, other)] == [200, 200]
    line = revoke_one(clients, token_id=token_id(token))
    assert line == f"Revoked token {token_id(token)} of issuer local."
    assert_answer(client.call("GET", "/items", token), "invalid token", client.flavour)
    assert status(client, other) == 200


def test_all_tokens_of_a_subject_are_revoked_and_new_ones_are_accepted(client: Client, clients: Clients) -> None:
    tokens = [client.token("signed-out", scope=scope) for scope in ("items:read", "items:read items:write")]
    other = client.token("stays")
    assert [status(client, each) for each in (*tokens, other)] == [200, 200, 200]
    assert revoke_one(clients, subject="signed-out").startswith(
        "Revoked every token that issuer local issued to signed-out until 20"
    )
    assert [status(client, each) for each in (*tokens, other)] == [401, 401, 200]
    wait_for_the_next_second()
    assert status(client, client.token("signed-out")) == 200
    assert status(client, tokens[0]) == 401


def test_an_entry_is_kept_as_long_as_any_token_that_it_covers(clients: Clients) -> None:
    before = int(time.time())
    revoke_one(clients, subject="listed")
    found = entry(clients, subject_key("local", "listed"))
    until = int(found[ISSUED_UNTIL]["N"])
    assert before - 1 <= until <= time.time()
    assert int(found[EXPIRY]["N"]) == until + ENTRY_LIFETIME
    described = clients.dynamodb.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]
    assert (described["TimeToLiveStatus"], described["AttributeName"]) == ("ENABLED", EXPIRY)


def test_an_earlier_revocation_does_not_replace_a_later_one(clients: Clients) -> None:
    key = subject_key("local", "twice")
    later = {KEY: {"S": key}, ISSUED_UNTIL: {"N": str(int(time.time()) + 100)}}
    clients.dynamodb.put_item(TableName=TABLE, Item=later)
    revoke_one(clients, subject="twice")
    assert entry(clients, key) == later


@contextmanager
def unreadable_by(provider: Provider) -> Iterator[None]:
    """Remove the authorizer's permission to read the table, until the context ends."""
    iam = provider.connection.client("iam")
    policy = "revocation"
    original = json.dumps({"Version": "2012-10-17", "Statement": role_policies(provider, AUTHORIZER)[policy]})
    iam.put_role_policy(RoleName=AUTHORIZER, PolicyName=policy, PolicyDocument=original.replace("BatchGet", "Get"))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=AUTHORIZER, PolicyName=policy, PolicyDocument=original)


def test_while_the_denylist_is_unavailable_there_are_no_new_decisions(client: Client, provider: Provider) -> None:
    with unreadable_by(provider):
        answer = client.call("GET", "/items", client.token("unreadable"))
    assert_answer(answer, "unavailable authorizer", client.flavour)
    assert answer.headers.get("Retry-After") == ("5" if client.flavour == "rest" else None)
    assert '"reason":"revocations_unavailable"' in client.function_logs()
    assert "AccessDenied" in client.function_logs(), "for the operator"


def test_the_denylist_is_read_again_once_it_is_available(client: Client, provider: Provider) -> None:
    token = client.token("unreadable")
    with unreadable_by(provider):
        assert status(client, token) in (500, 503)
    assert status(client, token) == 200


def test_the_authorizer_may_only_write_its_log_and_read_the_denylist(provider: Provider) -> None:
    policies = role_policies(provider, AUTHORIZER)
    assert policies.keys() == {"function", "revocation"}
    (log,), (read,) = policies["function"], policies["revocation"]
    assert set(log["Action"]) == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert read["Action"] == ["dynamodb:BatchGetItem"]
    assert [resource.rpartition(":")[2] for resource in read["Resource"]] == [f"table/{TABLE}"]


class TestCommand:
    """`python -m infra.revoke`, with the AWS SDK's configuration from the environment."""

    def test_revokes_a_token_in_the_given_stack(
        self, client: Client, environment: None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        token = client.token("by-command")
        assert status(client, token) == 200
        assert revoke.main(["--stack", "local", "--issuer", "local", "--token-id", token_id(token)]) == 0
        assert capsys.readouterr().out == f"Revoked token {token_id(token)} of issuer local.\n"
        assert status(client, token) == 401

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (
                ["--stack", "local", "--subject", "a", "--issuer", "x"],
                "unknown issuer 'x'; --issuer must be one of: local",
            ),
            (
                ["--stack", "local", "--subject", ""],
                "invalid subject '': must be printable and have 1 to 255 bytes",
            ),
            (
                ["--stack", "local", "--token-id", "a\nb"],
                "invalid token id 'a\\nb': must be printable and have 1 to 255",
            ),
            (["--stack", "local"], "nothing to revoke; pass --subject or --token-id"),
            (
                ["--stack", "dev", "--subject", "a"],
                "revocation is disabled in stack dev; set gatehouse:revocation.enabled",
            ),
            (["--stack", "none", "--subject", "a"], "Pulumi.none.yaml: no such file"),
            (
                ["--stack", "dev", "--subject", "a", "--config", 'revocation={"enabled":true}'],
                "no API named gatehouse-dev-api in us-east-1, in the account of these credentials: is the stack",
            ),
        ],
    )
    def test_reports_errors_in_one_line(
        self, environment: None, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
    ) -> None:
        assert revoke.main(arguments) == 1
        printed = capsys.readouterr()
        assert (printed.out, printed.err.count("\n")) == ("", 1)
        assert expected in printed.err

    def test_reports_missing_credentials(
        self, environment: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        assert revoke.main(["--stack", "local", "--subject", "a"]) == 1
        assert "nothing was revoked: Unable to locate credentials" in capsys.readouterr().err

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--subject", "a"],
            ["--stack", "local", "--sub", "a"],
            ["--stack", "local", "--subject", "a", "--config", "x"],
        ],
    )
    def test_rejects_missing_abbreviated_and_malformed_arguments(self, arguments: list[str]) -> None:
        with pytest.raises(SystemExit, match="2"):
            revoke.main(arguments)

    def test_revokes_several_subjects_and_tokens(
        self, client: Client, environment: None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        tokens = [client.token(subject) for subject in ("first", "second", "third", "fourth")]
        assert [status(client, token) for token in tokens] == [200] * 4
        third = ["--token-id", token_id(tokens[2])]
        assert revoke.main(["--stack", "local", "--subject", "first", "--subject", "second", *third]) == 0
        assert capsys.readouterr().out.count("\n") == 3
        assert [status(client, token) for token in tokens] == [401, 401, 401, 200]

    def test_prints_the_result_in_any_encoding(
        self, client: Client, environment: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written = io.BytesIO()
        monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, "ascii", write_through=True))
        assert revoke.main(["--stack", "local", "--subject", "Zoë"]) == 0
        assert written.getvalue().startswith(rb"Revoked every token that issuer local issued to Zo\xeb until ")

    def test_reports_that_the_cache_could_not_be_flushed(self, client: Client, clients: Clients) -> None:
        token = client.token("not-flushed")
        assert status(client, token) == 200
        throttled = Clients(clients.dynamodb, _Throttled(clients.apigateway), _Throttled(clients.apigatewayv2))
        with pytest.raises(
            RevokeError, match=r"the denylist was written, but .* for 300 more seconds: .*: TooManyRequests"
        ):
            revoke_one(throttled, "not-flushed")
        assert status(client, token) == 200, "as the message says"

    def test_reports_that_the_table_does_not_exist(self, clients: Clients) -> None:
        api = clients.apigateway.create_rest_api(name="gatehouse-half-api")["id"]
        stack = replace(DeployedStack.read(ROOT, "local"), names=Names("gatehouse", "half"))
        try:
            with pytest.raises(RevokeError, match="no table gatehouse-half-authorizer-revocations in us-east-1"):
                revoke.revoke(stack, clients, RevokeRequest(subjects=["a"]))
        finally:
            clients.apigateway.delete_rest_api(restApiId=api)

    def test_revokes_nothing_if_the_api_is_ambiguous(self, clients: Clients) -> None:
        several = [clients.apigateway.create_rest_api(name="gatehouse-local-api")["id"] for _ in range(2)]
        try:
            with pytest.raises(RevokeError, match=r"found [23] APIs named gatehouse-local-api"):
                revoke_one(clients, subject="unclear")
        finally:
            for api in several:
                clients.apigateway.delete_rest_api(restApiId=api)
        missing = clients.dynamodb.get_item(TableName=TABLE, Key={KEY: {"S": subject_key("local", "unclear")}})
        assert "Item" not in missing


class _Throttled:
    """A client of API Gateway whose flush is throttled."""

    def __init__(self, gateway: Any) -> None:
        self.gateway = gateway

    def __getattr__(self, name: str) -> Any:
        return getattr(self.gateway, name)

    def flush_stage_authorizers_cache(self, **_: Any) -> None:
        response: Any = {"Error": {"Code": "TooManyRequestsException", "Message": "Too Many Requests"}}
        raise ClientError(response, "FlushStageAuthorizersCache")

    reset_authorizers_cache = flush_stage_authorizers_cache
