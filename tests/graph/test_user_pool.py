"""The user pool in the planned program."""

import json
from functools import cache
from typing import Any

import pytest

from authorizer.settings import dump
from handlers.contract import load_collections, routes
from infra.checks.deployable import NotDeployable, require_deployable
from infra.naming import Names
from infra.packaging.bundles import ROOT
from infra.settings import StackSettings, load
from infra.stack_file import SettingsError
from local.cli import main
from local.engine.values import Unknown
from local.plans.plan import example, plan
from tests.graph.conftest import Graph

WEB = {"callbackUrls": ["https://app.example.com/callback"]}
IDENTITY: dict[str, Any] = {"enabled": True, "apps": {"web": WEB}, "machines": {"reports": ["items:read"]}}
ISSUER = {"name": "main", "url": "https://id.example.com/", "audiences": ["https://api.example.com"]}
ROUTES = routes(load_collections())
NAMES = Names("gatehouse", "prod")
POOL, CLIENT = "cognito/userPool:UserPool", "cognito/userPoolClient:UserPoolClient"


@cache
def _planned(identity: str, stack: str, protect: str) -> Graph:
    return Graph(plan(ROOT, stack, {"identity": identity, "data.protect": protect}))


def planned(stack: str = "prod", *, protect: bool = True, **changes: Any) -> Graph:
    return _planned(json.dumps({**IDENTITY, **changes}), stack, json.dumps(protect))


def loaded(identity: dict[str, Any], issuers: tuple[Any, ...] = (), **more: Any) -> StackSettings:
    given = {"gatehouse:issuers": issuers, "gatehouse:identity": identity}
    given |= {f"gatehouse:{name}": value for name, value in more.items()}
    return load(
        "gatehouse", "prod", {"aws:region": "us-east-1", **{key: json.dumps(each) for key, each in given.items()}}
    )


def test_a_stack_has_none_by_default(graph: Graph) -> None:
    assert not graph.of_type(POOL)
    assert "userPool" not in graph.deployment.exports


class TestPool:
    def test_it_is_protected_like_the_data(self) -> None:
        for protect, expected in ((True, "ACTIVE"), (False, "INACTIVE")):
            pool = planned(protect=protect).of_type(POOL)["users"]
            assert (pool.protect, pool.inputs["deletionProtection"]) == (protect, expected)

    def test_people_sign_in_with_an_email_address_in_any_case(self) -> None:
        inputs = planned().inputs(POOL)
        assert inputs["usernameAttributes"] == ["email"]
        assert inputs["usernameConfiguration"] == {"caseSensitive": False}
        assert inputs["userAttributeUpdateSettings"] == {"attributesRequireVerificationBeforeUpdates": ["email"]}
        assert inputs["accountRecoverySetting"] == {"recoveryMechanisms": [{"name": "verified_email", "priority": 1}]}

    def test_only_administrators_create_users_unless_people_may_sign_up(self) -> None:
        for sign_up in (False, True):
            inputs = planned(selfSignUp=sign_up).inputs(POOL)
            assert inputs["adminCreateUserConfig"] == {"allowAdminCreateUserOnly": not sign_up}

    @pytest.mark.parametrize(("mfa", "expected"), [("none", "OFF"), ("optional", "OPTIONAL"), ("required", "ON")])
    def test_codes_come_from_an_authenticator_app(self, mfa: str, expected: str) -> None:
        inputs = planned(mfa=mfa).inputs(POOL)
        assert inputs["mfaConfiguration"] == expected
        assert inputs.get("softwareTokenMfaConfiguration") == (None if mfa == "none" else {"enabled": True})
        assert "smsConfiguration" not in inputs

    def test_the_password_policy_is_that_of_the_settings(self) -> None:
        inputs = planned(password={"minLength": 20, "require": ["numbers"], "history": 3}).inputs(POOL)
        assert inputs["passwordPolicy"] == {
            "minimumLength": 20, "requireLowercase": False, "requireUppercase": False, "requireNumbers": True,
            "requireSymbols": False, "passwordHistorySize": 3, "temporaryPasswordValidityDays": 7,
        }  # fmt: skip

    def test_email_is_sent_by_ses_if_the_settings_name_a_sender(self) -> None:
        sender = {"identity": "arn:aws:ses:us-east-1:123456789012:identity/a.example", "sender": "A <a@a.example>"}
        assert "emailConfiguration" not in planned().inputs(POOL)
        assert planned(email=sender).inputs(POOL)["emailConfiguration"] == {
            "emailSendingAccount": "DEVELOPER", "sourceArn": sender["identity"], "fromEmailAddress": sender["sender"],
        }  # fmt: skip

    def test_risky_sign_ins_are_blocked_with_the_plan_that_can(self) -> None:
        inputs = planned(tier="plus").inputs(POOL)
        assert (inputs["userPoolTier"], inputs["userPoolAddOns"]) == ("PLUS", {"advancedSecurityMode": "ENFORCED"})

    def test_a_branch_stack_has_another_domain_than_the_settings_name(self) -> None:
        def domain(name: str | None) -> str:
            found = example(ROOT, "prod", {"identity": json.dumps({**IDENTITY, "domain": "example"})}, name)
            (resource,) = found.of_type("aws:cognito/userPoolDomain:UserPoolDomain")
            return str(resource.inputs["domain"])

        assert domain(None) == "example"
        assert domain("prod-feature").startswith("gatehouse-prod-feature-")


class TestClients:
    def test_an_app_requests_all_scopes_of_the_api_unless_its_settings_list_some(self) -> None:
        scopes = planned().of_type(CLIENT)["web"].inputs["allowedOauthScopes"]
        assert scopes == ["openid", "email", *(f"gatehouse/{each}" for each in sorted({each.scope for each in ROUTES}))]
        listed = planned(apps={"web": {**WEB, "scopes": ["users:read"]}})
        assert listed.of_type(CLIENT)["web"].inputs["allowedOauthScopes"] == ["openid", "email", "gatehouse/users:read"]

    def test_refresh_tokens_of_apps_are_rotated_where_the_plan_can(self) -> None:
        for tier, flow in (("essentials", "ALLOW_USER_SRP_AUTH"), ("lite", "ALLOW_REFRESH_TOKEN_AUTH")):
            inputs = planned(tier=tier).of_type(CLIENT)["web"].inputs
            assert ("refreshTokenRotation" in inputs) is (tier == "essentials")
            assert inputs["explicitAuthFlows"] == [flow]

    def test_tokens_are_valid_for_as_long_as_the_settings_say(self) -> None:
        clients = planned(accessTokenMinutes=5, refreshTokenDays=7).of_type(CLIENT)
        assert clients["web"].inputs["refreshTokenValidity"] == 7
        assert clients["web"].inputs["tokenValidityUnits"]["refreshToken"] == "days"
        for each in clients.values():
            assert each.inputs["accessTokenValidity"] == 5
            assert each.inputs["tokenValidityUnits"]["accessToken"] == "minutes"

    def test_clients_are_created_after_the_scopes_and_only_machines_have_secrets(self) -> None:
        for name, each in planned().of_type(CLIENT).items():
            assert any(urn.endswith("ResourceServer::users") for urn in each.dependencies)
            assert each.inputs["generateSecret"] is (name == "reports")


class TestAuthorizer:
    def test_what_is_known_only_after_a_deployment_is_in_its_environment_and_not_in_its_bundle(self) -> None:
        function = planned().of_type("lambda/function:Function")["authorizer"]
        variables = dict(function.inputs["environment"]["variables"])
        variables.pop("REVOCATIONS_TABLE")
        assert variables.keys() == {"USER_POOL"}
        assert isinstance(variables["USER_POOL"], Unknown)
        urns = function.property_dependencies["environment"]
        assert sum(urn.endswith(("UserPool::users", "Client::web", "Client::reports")) for urn in urns) == 3
        assert loaded(IDENTITY).for_authorizer(NAMES, ROUTES).issuers == ()

    def test_the_variable_has_the_pools_url_and_the_ids_of_the_clients(self) -> None:
        deployment = example(ROOT, "prod", {"identity": json.dumps(IDENTITY)})
        (function,) = (each for each in deployment.of_type("aws:lambda/function:Function") if each.name == "authorizer")
        pool = json.loads(function.inputs["environment"]["variables"]["USER_POOL"])
        ids = {each.name: each.id for each in deployment.of_type(f"aws:{CLIENT}")}
        assert (pool["name"], pool["scopePrefix"], pool["clients"]) == ("users", "gatehouse/", ids)
        region = "us-east-1"
        assert pool["url"].startswith(f"https://cognito-idp.{region}.amazonaws.com/{region}_")
        assert deployment.exports["userPool"]["issuer"] == pool["url"]

    def test_the_handlers_do_not_get_the_variable(self) -> None:
        for name, function in planned().of_type("lambda/function:Function").items():
            if name != "authorizer":
                assert "USER_POOL" not in function.inputs["environment"]["variables"]

    def test_a_pool_and_its_clients_change_only_the_environment(self) -> None:
        """Lambda does not change it and the code at the same moment, and both must fit together meanwhile."""
        more = IDENTITY | {"machines": {"reports": ["items:read"], "jobs": ["items:read"]}}
        with_main = (loaded(identity, (ISSUER,)) for identity in (IDENTITY, more, {"enabled": False}))
        assert len({dump(each.for_authorizer(NAMES, ROUTES)) for each in with_main}) == 1


class TestSettings:
    def test_a_stack_needs_an_issuer_or_a_pool(self) -> None:
        with pytest.raises(SettingsError, match="gatehouse:issuers: must not be empty"):
            loaded({"enabled": False, "apps": {"web": WEB}})
        assert loaded(IDENTITY).issuers == ()
        assert [each.name for each in loaded(IDENTITY, (ISSUER,)).all_issuers] == ["main", "users"]

    def test_usage_plans_list_the_pools_clients_by_their_names(self) -> None:
        plans = [{"name": "partners", "rate": 5, "burst": 9, "clients": {"users": ["web", "reports"]}}]
        assert loaded(IDENTITY, usage={"plans": plans}).for_authorizer(NAMES, ROUTES).usage
        plans[0]["clients"] = {"users": ["unknown"]}
        with pytest.raises(SettingsError, match=r"clients\.users\[0\]: must be accepted .*clients: web, reports"):
            loaded(IDENTITY, usage={"plans": plans})

    @pytest.mark.parametrize(
        "url",
        [
            "https://app.example.com/callback", "http://localhost", "http://localhost:3000/x?y=1",
            "com.example.app:/callback", "com.example.app://callback",
        ],
    )  # fmt: skip
    def test_these_are_redirect_uris(self, url: str) -> None:
        assert loaded({**IDENTITY, "apps": {"web": {"callbackUrls": [url]}}})

    @pytest.mark.parametrize(
        "url",
        [
            "", "/callback", "http://app.example.com", "http://localhost.example.com", "https://a.example/#x", "app://x",
            "javascript:alert(1)", "data:text/html,x", "https://a.example/ x", "https://a.example\n", "file:///etc/passwd",
        ],
    )  # fmt: skip
    def test_these_are_not(self, url: str) -> None:
        with pytest.raises(SettingsError, match=r"identity\.apps\.web\.callbackUrls\[0\]"):
            loaded({**IDENTITY, "apps": {"web": {"callbackUrls": [url]}}})

    def test_scopes_must_be_in_the_contract(self) -> None:
        wrong = {**IDENTITY, "apps": {"web": {**WEB, "scopes": ["a:read"]}}, "machines": {"reports": ["b:read"]}}
        with pytest.raises(NotDeployable) as raised:
            require_deployable(ROUTES, NAMES, loaded(wrong))
        assert "identity.apps.web.scopes: unknown scope 'a:read'; scopes: events:read, " in str(raised.value)
        assert "identity.machines.reports: unknown scope 'b:read'" in str(raised.value)

    def test_more_clients_than_the_environment_can_hold_are_rejected(self) -> None:
        machines = {f"machine-{number:03}": ["items:read"] for number in range(100)}
        with pytest.raises(NotDeployable, match="bytes of a function's environment variables"):
            require_deployable(ROUTES, NAMES, loaded({**IDENTITY, "machines": machines}))


def test_the_diagram_names_the_pool_among_the_identity_providers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--mermaid", "--stack", "prod", "--set", f"identity={json.dumps(IDENTITY)}"]) == 0
    assert "Identity providers<br/>main, users" in capsys.readouterr().out
