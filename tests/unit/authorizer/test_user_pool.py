"""The user pool as an issuer: its tokens are accepted only with a valid environment, and only from its clients."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from authorizer import settings as bundle
from authorizer import settings_file
from authorizer.authorizer import Authorizer
from authorizer.decision import usage_key
from authorizer.errors import SettingsInvalid
from authorizer.settings import DeploymentSettings, UsageClients
from authorizer.settings_file import USER_POOL
from authorizer.startup import LazyAuthorizer, start
from authorizer.user_pool import with_user_pool
from tests.unit.authorizer.provider import (
    NOW,
    ManualClock,
    Provider,
    allowed,
    event,
    issuer,
    jwk,
    jwks,
    private_key,
    settings,
    token,
)

POOL = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf123"
KEYS = f"{POOL}/.well-known/jwks.json"
IDS = {"web": "1example23456789", "reports": "2example34567890"}
DESCRIBED = {"name": "users", "url": POOL, "scopePrefix": "gatehouse/", "clients": IDS}
NO_ISSUER = settings(issuers=())


def variables(**changes: Any) -> dict[str, str]:
    """Return the environment, with changes of the pool's description."""
    return {USER_POOL: json.dumps(DESCRIBED | changes)}


def pool_token(**changes: Any) -> str:
    """Return an access token as Cognito issues it."""
    claims = {"iss": POOL, "client_id": IDS["web"], "token_use": "access", "aud": ..., "scope": "gatehouse/items:read"}
    return token(header={"typ": ...}, **{**claims, **changes})


def provider() -> Provider:
    """Return a provider that publishes the pool's keys as well."""
    found = Provider()
    found.documents[KEYS] = jwks(jwk("RS256"))
    return found


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv(USER_POOL, variables()[USER_POOL])
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return monkeypatch


def started(made: DeploymentSettings, found: Provider | None = None, lines: list[bytes] | None = None) -> Authorizer:
    emit = (lambda _: None) if lines is None else lines.append
    return start(made, (found or provider()).fetch, ManualClock().as_clock(), emit=emit)


@pytest.mark.usefixtures("environment")
class TestTokens:
    def test_a_token_of_a_client_is_accepted_and_its_keys_are_fetched_from_the_pool(self) -> None:
        found = provider()
        output = started(NO_ISSUER, found)(event(pool_token()), None)
        assert output["principalId"] == "users|alice"
        assert allowed(output)
        assert found.requests == [KEYS]

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"iss": POOL.replace("AbC", "XyZ")}, "issuer"),
            ({"iss": f"{POOL}/"}, "issuer"),
            ({"iss": "https://user-pool.invalid"}, "issuer"),
            ({"token_use": "id", "aud": IDS["web"]}, "token_use"),
            ({"token_use": ...}, "token_use"),
            ({"client_id": "3another45678901"}, "audience"),
            ({"client_id": "web"}, "audience"),
            ({"client_id": ..., "aud": IDS["web"]}, "claim_missing"),
            ({"key": "other"}, "signature"),
            ({"exp": NOW + 90_000, "iat": NOW}, "lifetime"),
        ],
    )
    def test_any_other_token_is_rejected(self, changes: dict[str, Any], reason: str) -> None:
        if "key" in changes:
            changes = {"key": private_key("RSA1", 1)}
        lines: list[bytes] = []
        decide = started(NO_ISSUER, lines=lines)
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            decide(event(pool_token(**changes)), None)
        assert json.loads(lines[-1])["reason"] == reason

    def test_scopes_of_another_resource_server_allow_nothing(self) -> None:
        decide = started(NO_ISSUER)
        for scope in ("items:read", "other/items:read", "aws.cognito.signin.user.admin"):
            assert allowed(decide(event(pool_token(scope=scope)), None)) == []

    def test_external_issuers_are_accepted_as_well(self) -> None:
        decide = started(settings(issuers=(issuer(),)))
        assert decide(event(pool_token()), None)["principalId"] == "users|alice"
        assert decide(event(token()), None)["principalId"] == "main|alice"

    def test_a_usage_plan_that_lists_a_client_by_name_applies_to_its_id(self) -> None:
        usage = UsageClients(clients={"users": ("web",), "main": ("web",)}, unlisted="refuse")
        decide = started(settings(issuers=(issuer(),), usage=usage))
        output = decide(event(pool_token()), None)
        assert output["usageIdentifierKey"] == usage_key("gatehouse", "test", "users", "web")
        others = (pool_token(client_id=IDS["reports"]), token(client_id=IDS["web"]))
        for each in others:
            assert decide(event(each), None)["context"]["error"] == "client_not_listed"


WRONG_URLS = (
    "", "x", "http://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_A", f"{POOL}/", f"{POOL}\n", f"{POOL}?x=1",
    "https://cognito-idp.eu-central-1.amazonaws.com", "https://127.0.0.1:1/us-east-1_A", "http://127.0.0.1/us-east-1_A",
    "https://user@cognito-idp.eu-central-1.amazonaws.com/eu-central-1_A", "https://localhost/us-east-1_A",
    "https://cognito-idp.eu-central-1.amazonaws.com/" + "a" * 500 + "_A",
)  # fmt: skip
WRONG_CLIENTS: tuple[Any, ...] = (
    None, "x", [], {}, {"web": 1}, {"web": None}, {"web": ["4x"]}, dict.fromkeys(IDS, "same"), {**IDS, "web": ""},
    {**IDS, "web": "a b"}, {**IDS, "web": "x" * 129},
)  # fmt: skip
WRONG_POOLS = (
    "", "x", "[]", "null", "{}", "[" * 100_000, *(variables(url=url)[USER_POOL] for url in WRONG_URLS),
    *(variables(clients=clients)[USER_POOL] for clients in WRONG_CLIENTS), variables(name="A")[USER_POOL],
    variables(scopePrefix=None)[USER_POOL], variables(other=1)[USER_POOL],
)  # fmt: skip


class TestEnvironment:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *((USER_POOL, value) for value in WRONG_POOLS),
            ("AWS_ENDPOINT_URL", "http://example.com"),
            ("AWS_ENDPOINT_URL", "nonsense"),
        ],
    )
    def test_with_an_invalid_variable_every_request_fails(
        self, name: str, value: str, environment: pytest.MonkeyPatch
    ) -> None:
        """Also requests with tokens of other issuers: a stack that is wrongly configured answers 503."""
        environment.setenv(name, value)
        lazy = LazyAuthorizer(lambda: settings(issuers=(issuer(),)), started)
        lazy.warm_up()
        for each in (pool_token(), token()):
            with pytest.raises(SettingsInvalid, match=r"^environment: "):
                lazy(event(each), None)

    def test_without_the_variable_only_tokens_of_other_issuers_are_accepted(
        self, environment: pytest.MonkeyPatch
    ) -> None:
        environment.delenv(USER_POOL)
        decide = started(settings(issuers=(issuer(),)))
        assert decide(event(token()), None)["principalId"] == "main|alice"
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            decide(event(pool_token()), None)
        with pytest.raises(SettingsInvalid, match="issuers: must not be empty"):
            started(NO_ISSUER)

    def test_messages_contain_no_values(self) -> None:
        wrong: tuple[dict[str, Any], ...] = ({"url": "https://secret"}, {"clients": {"web": "se cret"}})
        for changes in wrong:
            with pytest.raises(SettingsInvalid) as raised:
                with_user_pool(NO_ISSUER, variables(**changes))
            assert "cret" not in str(raised.value)

    def test_the_pools_issuer_is_checked_together_with_the_others(self, environment: pytest.MonkeyPatch) -> None:
        del environment
        twice = settings(issuers=(issuer(name="other", url=POOL), issuer(name="users")))
        with pytest.raises(SettingsInvalid, match=re.escape("issuers[2].name")) as raised:
            started(twice)
        assert "issuers[2].url: must not be the URL of another issuer" in str(raised.value)

    @pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4566", "http://localhost:4566/"])
    def test_the_keys_are_the_emulators_where_the_services_are_at_a_loopback_address(self, endpoint: str) -> None:
        (found,) = with_user_pool(NO_ISSUER, {**variables(), "AWS_ENDPOINT_URL": endpoint}).issuers
        assert found.key_url == f"{endpoint.rstrip('/')}/eu-central-1_AbCdEf123/.well-known/jwks.json"
        assert found.url == POOL

    @pytest.mark.parametrize("endpoint", ["", "https://vpce-1.cognito-idp.eu-central-1.vpce.amazonaws.com"])
    def test_any_other_endpoint_does_not_change_where_the_keys_are(self, endpoint: str) -> None:
        (found,) = with_user_pool(NO_ISSUER, {**variables(), "AWS_ENDPOINT_URL": endpoint}).issuers
        assert found.key_url == KEYS


class TestStart:
    def test_the_certificate_authorities_are_preloaded(self, tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
        environment.setattr(settings_file, "__file__", str(tmp_path / "settings_file.py"))
        (tmp_path / settings_file.FILE_NAME).write_bytes(bundle.dump(NO_ISSUER))
        assert settings_file.fetches_over_https()
