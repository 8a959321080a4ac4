"""Sign-ins that Cognito rejects, and the second factor: the clients of the stack's user pool, over HTTP."""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from local import deploy
from local.deploy import Engine
from local.engine.values import revealed
from tests.e2e.sign_in import app_code, granted, token_response
from tests.e2e.user_pool import CALLBACKS, IDENTITY, PASSWORD, SCOPES, USER, Pool, claims_of, running_pool

ELSEWHERE = "https://attacker.example/callback"


@pytest.fixture(scope="module")
def pool(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    settings = {"identity": IDENTITY, "functions.layout": "single"}
    with running_pool(tmp_path_factory.mktemp("state"), engine, settings) as running:
        yield running


def error_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


class TestCodes:
    """An authorization code is worth nothing to others than the app that requested it."""

    @pytest.mark.parametrize(
        "changed",
        [
            {"code_verifier": None},
            {"code_verifier": "x" * 43},
            {"redirect_uri": None},
            {"redirect_uri": ELSEWHERE},
            {"code": "unknown"},
        ],
    )  # fmt: skip
    def test_a_code_needs_its_verifier_and_its_redirect_uri(self, pool: Pool, changed: dict[str, str | None]) -> None:
        request = pool.sign_in_step_by_step()
        code = request.code(request.login(USER, PASSWORD))
        assert error_of(request.exchange(**{"code": code, **changed})) == (400, "invalid_grant")

    def test_a_code_is_not_accepted_from_another_client(self, pool: Pool) -> None:
        request = pool.sign_in_step_by_step()
        code = request.code(request.login(USER, PASSWORD))
        for other in (pool.client_id("mobile"), pool.client_id("reports"), None):
            assert error_of(request.exchange(code, client_id=other)) == (400, "invalid_grant")

    def test_a_code_is_accepted_once(self, pool: Pool) -> None:
        request = pool.sign_in_step_by_step()
        code = request.code(request.login(USER, PASSWORD))
        assert pool.call(request.exchanged(code)["access_token"]).status_code == 200
        assert error_of(request.exchange(code)) == (400, "invalid_grant")


class TestAuthorization:
    """What the authorization endpoint and the sign-in form reject, without sending anything to other addresses."""

    @pytest.mark.parametrize(
        "uri", [ELSEWHERE, f"{CALLBACKS['web']}/more", CALLBACKS["mobile"], "http://localhost:3001/"]
    )
    def test_only_callbacks_of_the_app_get_a_code(self, pool: Pool, uri: str) -> None:
        request = replace(pool.sign_in_step_by_step(), redirect_uri=uri)
        for answer in (request.page(), request.login(USER, PASSWORD)):
            assert answer.status_code == 400
            assert "Location" not in answer.headers

    @pytest.mark.parametrize(
        ("changed", "error"),
        [
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"code_challenge_method": ""}, "invalid_request"),
            ({"scope": "aws.cognito.signin.user.admin"}, "invalid_request"),
            ({"scope": "gatehouse/unknown:read"}, "invalid_request"),
        ],
    )  # fmt: skip
    def test_other_scopes_and_weaker_challenges_are_rejected(
        self, pool: Pool, changed: dict[str, str], error: str
    ) -> None:
        answer = pool.sign_in_step_by_step().page(**changed)
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert (answer.status_code, query["error"], query.get("code")) == (302, [error], None)

    def test_a_scope_that_is_added_to_the_form_is_not_granted(self, pool: Pool) -> None:
        request = replace(pool.sign_in_step_by_step("mobile"), scopes=("openid", *SCOPES))
        token = request.exchanged(request.code(request.login(USER, PASSWORD)))["access_token"]
        assert claims_of(token)["scope"].split() == ["openid", SCOPES[0]]
        assert pool.call(token, "POST", json={"name": "x"}).status_code == 403

    def test_tokens_in_the_browsers_address_and_sign_ins_of_machines_are_rejected(self, pool: Pool) -> None:
        request = pool.sign_in_step_by_step()
        assert request.page(response_type="token").status_code == 400
        assert error_of(request.page(client_id=pool.client_id("reports"))) == (400, "unauthorized_client")

    def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(self, pool: Pool) -> None:
        request = pool.sign_in_step_by_step()
        wrong, unknown = request.login(USER, "Wrong-1-password"), request.login("bob@example.com", PASSWORD)
        assert (wrong.status_code, wrong.text) == (200, unknown.text)


class TestMachines:
    """Client credentials."""

    def test_the_secret_must_be_that_of_the_machine(self, pool: Pool) -> None:
        secrets = revealed(pool.stack.exports["clientSecrets"])
        for secret in ("", "wrong", secrets["batch"]):
            client = (pool.client_id("reports"), secret)
            answer = token_response(pool.endpoint, client, grant_type="client_credentials", scope=SCOPES[0])
            assert error_of(answer) == (400, "invalid_client")

    def test_an_app_gets_no_tokens_without_a_user(self, pool: Pool) -> None:
        client = pool.client_id("web")
        for grant in ("client_credentials", "password"):
            answer = token_response(pool.endpoint, grant_type=grant, client_id=client, username=USER, password=PASSWORD)
            assert answer.status_code == 400
            assert "access_token" not in answer.json()


def test_a_refresh_token_is_of_one_client_and_ends_with_a_sign_out_everywhere(pool: Pool) -> None:
    token = pool.sign_in("web", "openid", SCOPES[0])["refresh_token"]
    assert error_of(pool.refresh("mobile", token)) == (400, "invalid_grant")
    assert error_of(token_response(pool.endpoint, grant_type="refresh_token", refresh_token=token))[0] == 400
    rotated = granted(pool.refresh("web", token))["refresh_token"]
    target = {"UserPoolId": pool.described["poolId"], "Username": USER}
    pool.aws("cognito-idp").admin_user_global_sign_out(**target)
    for each in (token, rotated):
        assert error_of(pool.refresh("web", each)) == (400, "invalid_grant")


def test_the_second_factor_is_registered_and_asked_for_as_the_settings_say(pool: Pool) -> None:
    """The last test of the file: it deploys the stack with other settings."""

    def up(mfa: str) -> None:
        options = replace(pool.options, settings={**pool.options.settings, "identity": {**IDENTITY, "mfa": mfa}})
        deploy.up(options.engine, options.target(pool.endpoint))

    def sign_in(secret: str = "") -> tuple[str, httpx.Response]:
        """Sign in with the password, and with a code if the page asks for one; return the registered secret."""
        request = pool.sign_in_step_by_step()
        page = request.login(USER, PASSWORD)
        form = dict(re.findall(r'name="(mfa_token)" value="([^"]+)"', page.text))
        shown = "".join(re.findall(r'id="secret">(\w+)<', page.text))
        code = app_code(secret or shown) if form else ""
        answer = httpx.post(f"{pool.endpoint}/login", data={**form, "mfa_code": code}) if form else page
        return shown, answer

    request = pool.sign_in_step_by_step()
    assert request.code(request.login(USER, PASSWORD))  # optional, and no app is registered
    up("required")
    secret, answer = sign_in()
    assert secret
    assert answer.status_code == 302
    for mfa in ("required", "optional"):
        up(mfa)
        shown, answer = sign_in(secret)
        assert (shown, answer.status_code) == ("", 302)
        assert sign_in("A" * 32)[1].status_code == 200
    up("none")
    assert pool.sign_in_step_by_step().login(USER, PASSWORD).status_code == 302
