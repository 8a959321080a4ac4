"""What is revoked counts no more at once, although its policy is cached; everybody else goes on."""

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
from infra.bundles import ROOT
from infra.naming import Names
from infra.revoke import Clients, DeployedStack, RevokeError, RevokeRequest
from local.provider import Provider
from local.stack import RunningStack
from tests.e2e.conftest import Client
from tests.e2e.test_least_privilege import role_policy

AUTHORIZER = "gatehouse-local-authorizer"
TABLE = "gatehouse-local-authorizer-revocations"


@pytest.fixture(scope="module")
def provider(stack: RunningStack) -> Provider:
    return Provider(stack.emulator.endpoint_url, account=stack.emulator.options.account)


@pytest.fixture
def clients(provider: Provider) -> Clients:
    return Clients(provider.connection.client("dynamodb"), provider.connection.client("apigateway"))


@pytest.fixture
def environment(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes the AWS SDK talk to the stack's emulator as somebody who may do everything."""
    keys = stack.emulator.credentials
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.emulator.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_access_key)


def revoked(clients: Clients, subject: str = "", token_id: str = "") -> str:
    """The one line that is told."""
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


def test_a_token_that_is_revoked_is_401_at_once_and_the_subjects_others_go_on(client: Client, clients: Clients) -> None:
    token, other = client.token("revoked-token"), client.token("revoked-token")
    assert [status(client, each) for each in (token, other)] == [200, 200]
    said = revoked(clients, token_id=token_id(token))
    assert said == f"Revoked token {token_id(token)} of issuer local."
    answer = client.call("GET", "/items", token)
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"].endswith('error="invalid_token"')
    assert status(client, other) == 200


def test_a_subject_is_signed_out_everywhere_and_may_sign_in_again(client: Client, clients: Clients) -> None:
    tokens = [client.token("signed-out", scope=scope) for scope in ("items:read", "items:read items:write")]
    other = client.token("stays")
    assert [status(client, each) for each in (*tokens, other)] == [200, 200, 200]
    assert revoked(clients, subject="signed-out").startswith(
        "Revoked every token that issuer local issued to signed-out until 20"
    )
    assert [status(client, each) for each in (*tokens, other)] == [401, 401, 200]
    wait_for_the_next_second()
    assert status(client, client.token("signed-out")) == 200
    assert status(client, tokens[0]) == 401


def test_what_is_listed_stays_as_long_as_any_token_that_it_covers(clients: Clients) -> None:
    before = int(time.time())
    revoked(clients, subject="listed")
    found = entry(clients, subject_key("local", "listed"))
    until = int(found[ISSUED_UNTIL]["N"])
    assert before - 1 <= until <= time.time()
    assert int(found[EXPIRY]["N"]) == until + ENTRY_LIFETIME
    described = clients.dynamodb.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]
    assert (described["TimeToLiveStatus"], described["AttributeName"]) == ("ENABLED", EXPIRY)


def test_an_earlier_sign_out_does_not_undo_a_later_one(clients: Clients) -> None:
    key = subject_key("local", "twice")
    later = {KEY: {"S": key}, ISSUED_UNTIL: {"N": str(int(time.time()) + 100)}}
    clients.dynamodb.put_item(TableName=TABLE, Item=later)
    revoked(clients, subject="twice")
    assert entry(clients, key) == later


@contextmanager
def unreadable_by(provider: Provider) -> Iterator[None]:
    """The authorizer may not read the table for as long as the context lasts."""
    iam = provider.connection.client("iam")
    kept = json.dumps({"Version": "2012-10-17", "Statement": role_policy(provider, AUTHORIZER)})
    iam.put_role_policy(RoleName=AUTHORIZER, PolicyName="function", PolicyDocument=kept.replace("BatchGet", "Get"))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=AUTHORIZER, PolicyName="function", PolicyDocument=kept)


def test_while_the_list_cannot_be_read_new_decisions_are_503(client: Client, provider: Provider) -> None:
    with unreadable_by(provider):
        answer = client.call("GET", "/items", client.token("unreadable"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert '"reason":"revocations_unavailable"' in client.function_logs()
    assert "AccessDenied" in client.function_logs(), "for whoever has to mend it"


def test_the_list_is_asked_again_once_it_can_be_read(client: Client, provider: Provider) -> None:
    token = client.token("unreadable")
    with unreadable_by(provider):
        assert status(client, token) == 503
    assert status(client, token) == 200


def test_the_authorizer_may_write_its_log_and_look_into_the_list(provider: Provider) -> None:
    log, read = role_policy(provider, AUTHORIZER)
    assert set(log["Action"]) == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert read["Action"] == ["dynamodb:BatchGetItem"]
    assert [resource.rpartition(":")[2] for resource in read["Resource"]] == [f"table/{TABLE}"]


class TestCommand:
    """`python -m infra.revoke`, with the settings and credentials that the AWS SDK finds."""

    def test_revokes_in_the_stack_that_it_is_told(
        self, client: Client, environment: None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        token = client.token("by-command")
        assert status(client, token) == 200
        assert revoke.main(["--stack", "local", "--issuer", "local", "--token-id", token_id(token)]) == 0
        assert capsys.readouterr().out == f"Revoked token {token_id(token)} of issuer local.\n"
        assert status(client, token) == 401

    @pytest.mark.parametrize(
        ("arguments", "said"),
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
    def test_says_what_is_wrong_in_a_line(
        self, environment: None, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
    ) -> None:
        assert revoke.main(arguments) == 1
        printed = capsys.readouterr()
        assert (printed.out, printed.err.count("\n")) == ("", 1)
        assert said in printed.err

    def test_without_credentials_says_so(
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
    def test_takes_its_arguments_as_they_are_spelled(self, arguments: list[str]) -> None:
        with pytest.raises(SystemExit, match="2"):
            revoke.main(arguments)

    def test_revokes_all_that_it_is_told(
        self, client: Client, environment: None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        tokens = [client.token(subject) for subject in ("first", "second", "third", "fourth")]
        assert [status(client, token) for token in tokens] == [200] * 4
        third = ["--token-id", token_id(tokens[2])]
        assert revoke.main(["--stack", "local", "--subject", "first", "--subject", "second", *third]) == 0
        assert capsys.readouterr().out.count("\n") == 3
        assert [status(client, token) for token in tokens] == [401, 401, 401, 200]

    def test_tells_what_it_did_in_any_encoding(
        self, client: Client, environment: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written = io.BytesIO()
        monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, "ascii", write_through=True))
        assert revoke.main(["--stack", "local", "--subject", "Zoë"]) == 0
        assert written.getvalue().startswith(rb"Revoked every token that issuer local issued to Zo\xeb until ")

    def test_tells_when_the_cache_could_not_be_emptied(self, client: Client, clients: Clients) -> None:
        token = client.token("not-flushed")
        assert status(client, token) == 200
        gateway = _Refusing(clients.apigateway)
        with pytest.raises(
            RevokeError, match=r"the denylist was written, but .* for 300 more seconds: .*: TooManyRequests"
        ):
            revoked(Clients(clients.dynamodb, gateway), "not-flushed")
        assert status(client, token) == 200, "what the message says"

    def test_says_so_where_the_list_is_not_deployed(self, clients: Clients) -> None:
        api = clients.apigateway.create_rest_api(name="gatehouse-half-api")["id"]
        stack = replace(DeployedStack.read(ROOT, "local"), names=Names("gatehouse", "half"))
        try:
            with pytest.raises(RevokeError, match="no table gatehouse-half-authorizer-revocations in us-east-1"):
                revoke.revoke(stack, clients, RevokeRequest(subjects=["a"]))
        finally:
            clients.apigateway.delete_rest_api(restApiId=api)

    def test_revokes_nothing_where_it_is_not_clear_which_api_it_is(self, clients: Clients) -> None:
        second = clients.apigateway.create_rest_api(name="gatehouse-local-api")["id"]
        try:
            with pytest.raises(RevokeError, match="found 2 APIs named gatehouse-local-api"):
                revoked(clients, subject="unclear")
        finally:
            clients.apigateway.delete_rest_api(restApiId=second)
        missing = clients.dynamodb.get_item(TableName=TABLE, Key={KEY: {"S": subject_key("local", "unclear")}})
        assert "Item" not in missing


class _Refusing:
    """API Gateway, but for the one call that it has no capacity for."""

    def __init__(self, gateway: Any) -> None:
        self.gateway = gateway

    def __getattr__(self, name: str) -> Any:
        return getattr(self.gateway, name)

    def flush_stage_authorizers_cache(self, **_: Any) -> None:
        refusal: Any = {"Error": {"Code": "TooManyRequestsException", "Message": "Too Many Requests"}}
        raise ClientError(refusal, "FlushStageAuthorizersCache")
