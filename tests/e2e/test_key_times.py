"""A stack whose times are short: keys come and go within seconds, and nothing is remembered longer.

Beside the stack's own issuer, which goes on all the time, it trusts one whose keys and whose server come and go.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from authorizer.settings import Issuer as Trusted
from infra.bundles import ROOT
from local.issuer import Issuer, IssuerServer, SigningKey, TokenRequest
from local.stack import StackOptions, running_stack
from tests.e2e.conftest import Client, two_free_ports

MAX_AGE, STALE_IF_ERROR = 1, 4
"""Seconds."""

SETTINGS = {
    "authorizer": {
        "keys": {"maxAge": MAX_AGE, "staleIfError": STALE_IF_ERROR, "cooldown": 1, "retryDelay": 1},
        "decisionCache": {"seconds": 0},
        "policyCache": 0,
    },
    "logs": {"decisions": False},
    "revocation": {"enabled": False},
}


class Other:
    """The other issuer; its server is up unless it is taken down."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.keys = {"ES256": SigningKey.generate("ES256")}
        self.issuer = Issuer(f"http://127.0.0.1:{port}", "urn:other", self.keys)
        self._server = ExitStack()

    def go_up(self) -> None:
        self._server.enter_context(IssuerServer(self.issuer, self.port))

    def go_down(self) -> None:
        self._server.close()

    def token(self) -> str:
        return self.issuer.token(TokenRequest(scope="items:read"))


@pytest.fixture(scope="module")
def other() -> Iterator[Other]:
    other = Other(two_free_ports())
    other.go_up()
    yield other
    other.go_down()


@pytest.fixture(scope="module")
def client(other: Other, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    trusted = Trusted(name="other", url=other.issuer.url, audiences=("urn:other",), algorithms=("ES256",))
    state = tmp_path_factory.mktemp("state")
    plan = StackOptions(root=ROOT, state=state, port=two_free_ports(), issuers=(trusted,), settings=SETTINGS)
    with running_stack(plan, lambda _: None, lambda _: None) as stack, httpx.Client(timeout=30) as http:
        yield Client(stack, http)


def answer(client: Client, token: str) -> httpx.Response:
    return client.call("GET", "/items", token)


def seconds_until(holds: Callable[[], bool], most: float = 10.0) -> float:
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < most
        time.sleep(0.05)
    return time.monotonic() - started


def test_a_withdrawn_key_stops_working_within_the_refresh_time(client: Client, other: Other) -> None:
    """Nobody presents a token of the new key, which would make the authorizer look for it."""
    old = other.token()
    assert answer(client, old).status_code == 200
    other.keys["ES256"] = SigningKey.generate("ES256")
    assert seconds_until(lambda: answer(client, old).status_code == 401) < MAX_AGE + 2


def test_a_new_key_works_at_once(client: Client, other: Other) -> None:
    assert answer(client, other.token()).status_code == 200
    other.keys["ES256"] = SigningKey.generate("ES256")
    assert answer(client, other.token()).status_code == 200


def test_while_the_issuer_is_down_its_keys_serve_on_up_to_the_limit_and_then_it_is_503(
    client: Client, other: Other
) -> None:
    token = other.token()
    assert answer(client, token).status_code == 200
    other.go_down()
    try:
        time.sleep(MAX_AGE + 0.5)
        assert answer(client, token).status_code == 200, "a known key, past its refresh time"
        after = seconds_until(lambda: answer(client, token).status_code != 200)
        assert after < STALE_IF_ERROR + 2
        failed = answer(client, token)
        assert (failed.status_code, failed.headers["Retry-After"]) == (503, "5")
        assert answer(client, client.token()).status_code == 200, "of the issuer that is up"
    finally:
        other.go_up()
    assert seconds_until(lambda: answer(client, token).status_code == 200) < 5


def test_no_decision_is_logged_where_the_settings_say_so(client: Client) -> None:
    assert answer(client, client.token()).status_code == 200
    assert '"message":"decision"' not in client.function_logs()
