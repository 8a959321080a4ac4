"""A stack with short key times and without caches, while an issuer rotates its keys and is sometimes unavailable.

The stack also trusts its own issuer, which is always available.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from authorizer.settings import Issuer
from infra.packaging.bundles import ROOT
from local.deploy import Engine
from local.issuer import DevelopmentIssuer, IssuerServer, SigningKey, TokenRequest
from local.running_stack import StackOptions, running_stack
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
    """The other issuer, with a server that can be started and stopped."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.keys = {"ES256": SigningKey.generate("ES256")}
        self.issuer = DevelopmentIssuer(f"http://127.0.0.1:{port}", "urn:other", self.keys)
        self._server = ExitStack()

    def start(self) -> None:
        self._server.enter_context(IssuerServer(self.issuer, self.port))

    def stop(self) -> None:
        self._server.close()

    def token(self) -> str:
        return self.issuer.token(TokenRequest(scope="items:read"))


@pytest.fixture(scope="module")
def other() -> Iterator[Other]:
    other = Other(two_free_ports())
    other.start()
    yield other
    other.stop()


@pytest.fixture(scope="module")
def client(engine: Engine, other: Other, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    trusted = Issuer(name="other", url=other.issuer.url, audiences=("urn:other",), algorithms=("ES256",))
    state = tmp_path_factory.mktemp("state")
    options = StackOptions(
        root=ROOT, state=state, port=two_free_ports(), engine=engine, issuers=(trusted,), settings=SETTINGS
    )
    with running_stack(options, lambda _: None, lambda _: None) as stack, httpx.Client(timeout=30) as http:
        yield Client(stack, http)


def answer(client: Client, token: str) -> httpx.Response:
    return client.call("GET", "/items", token)


def seconds_until(condition: Callable[[], bool], timeout: float = 10.0) -> float:
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < timeout
        time.sleep(0.05)
    return time.monotonic() - started


def test_a_withdrawn_key_is_rejected_after_its_max_age(client: Client, other: Other) -> None:
    """No request has a token of the new key, which would make the authorizer fetch it."""
    old = other.token()
    assert answer(client, old).status_code == 200
    other.keys["ES256"] = SigningKey.generate("ES256")
    assert seconds_until(lambda: answer(client, old).status_code == 401) < MAX_AGE + 2


def test_a_new_key_is_accepted_immediately(client: Client, other: Other) -> None:
    assert answer(client, other.token()).status_code == 200
    other.keys["ES256"] = SigningKey.generate("ES256")
    assert answer(client, other.token()).status_code == 200


def test_while_the_issuer_is_unavailable_its_keys_are_used_up_to_stale_if_error_and_then_the_answer_is_503(
    client: Client, other: Other
) -> None:
    token = other.token()
    assert answer(client, token).status_code == 200
    other.stop()
    try:
        time.sleep(MAX_AGE + 0.5)
        assert answer(client, token).status_code == 200, "the cached key is older than its max age"
        after = seconds_until(lambda: answer(client, token).status_code != 200)
        assert after < STALE_IF_ERROR + 2
        failed = answer(client, token)
        assert (failed.status_code, failed.headers["Retry-After"]) == (503, "5")
        assert answer(client, client.token()).status_code == 200, "the other issuer is available"
    finally:
        other.start()
    assert seconds_until(lambda: answer(client, token).status_code == 200)


def test_decisions_are_not_logged_if_the_settings_disable_it(client: Client) -> None:
    assert answer(client, client.token()).status_code == 200
    assert '"message":"decision"' not in client.function_logs()
