"""Tokens of a certified authorization server (the npm package oidc-provider), also while it rotates its keys.

The stack has the default `KeySettings`: keys are refreshed after 300 s, and unknown key ids cause at most one fetch in
30 s. All key changes of these tests happen within these times.
"""

import base64
import json
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
import jwt
import pytest

from authorizer.settings import Issuer
from infra.packaging.bundles import ROOT
from local.deploy import Engine
from local.running_stack import RunningStack, StackOptions, running_stack
from tests.e2e.conftest import two_free_ports
from tests.node.packages import running

AUDIENCE = "https://api.example.com"
SECRET = "made-up-for-this-test"
READ, BOTH = "items:read", "items:read items:write"
ALGORITHMS = ("ES256", "RS256")
"""Signature algorithms, and also the names of the provider's clients."""

THREADS = 4
TURN = 0.1
"""Seconds per turn. With two requests per turn, the threads stay below the stage's limit of 100 requests per second."""


@dataclass(frozen=True)
class Provider:
    """The provider's process and its state after the last command."""

    process: subprocess.Popen[str]
    log: Path
    state: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def url(self) -> str:
        return self.state["issuer"]

    @property
    def key_sets_served(self) -> int:
        """The number of requests for the key set so far."""
        self.do("state")
        return self.state["keySetsServed"]

    def do(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        self.listen()

    def listen(self) -> None:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        self.state.update(json.loads(line))

    def token(self, http: httpx.Client, client: str, scope: str = BOTH) -> str:
        form = {"grant_type": "client_credentials", "resource": AUDIENCE, "scope": scope}
        return (
            http.post(f"{self.url}/token", data=form, auth=(client, SECRET)).raise_for_status().json()["access_token"]
        )


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as http:
        yield http


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    log = tmp_path_factory.mktemp("provider") / "log"
    with running("provider.mjs", log, AUDIENCE=AUDIENCE, SCOPES=BOTH, SECRET=SECRET) as process:
        provider = Provider(process, log)
        provider.listen()
        yield provider


@pytest.fixture(scope="module")
def stack(engine: Engine, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    trusted = Issuer(name="real", url=provider.url, audiences=(AUDIENCE,), algorithms=ALGORITHMS)
    state = tmp_path_factory.mktemp("state")
    options = StackOptions(root=ROOT, state=state, port=two_free_ports(), engine=engine, issuers=(trusted,))
    with running_stack(options, lambda _: None, lambda _: None) as running:
        yield running


@pytest.fixture(scope="module")
def items(stack: RunningStack) -> str:
    """The collection's URL."""
    return f"{stack.exports['url']}/items"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def key_id(token: str) -> str:
    return jwt.get_unverified_header(token)["kid"]


def with_scope(token: str, scope: str) -> str:
    """Return the token with another scope and the original signature."""
    header, payload, signature = token.split(".")
    claims = {**json.loads(base64.urlsafe_b64decode(payload + "==")), "scope": scope}
    return f"{header}.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.{signature}"


@pytest.mark.parametrize("client", ALGORITHMS)
class TestTokens:
    def test_are_access_tokens_of_the_profile_rfc9068(
        self, provider: Provider, http: httpx.Client, client: str
    ) -> None:
        header = jwt.get_unverified_header(provider.token(http, client))
        assert (header["typ"], header["alg"]) == ("at+jwt", client)

    def test_create_and_list(self, provider: Provider, http: httpx.Client, items: str, client: str) -> None:
        allowed = bearer(provider.token(http, client))
        created = http.post(items, headers=allowed, json={"name": client})
        assert created.status_code == 201
        listed = http.get(items, headers=allowed)
        assert (listed.status_code, listed.json()["items"]) == (200, [created.json()])

    def test_without_the_scope_the_answer_is_403(
        self, provider: Provider, http: httpx.Client, items: str, client: str
    ) -> None:
        reader = bearer(provider.token(http, client, READ))
        assert http.get(items, headers=reader).status_code == 200
        assert http.post(items, headers=reader, json={"name": "x"}).status_code == 403

    def test_with_changed_claims_the_answer_is_401(
        self, provider: Provider, http: httpx.Client, items: str, client: str
    ) -> None:
        forged = with_scope(provider.token(http, client, READ), BOTH)
        answer = http.post(items, headers=bearer(forged), json={"name": "x"})
        assert (answer.status_code, answer.json()["type"]) == (401, "urn:gatehouse:problem:invalid-token")


class Callers:
    """Threads that repeatedly get a token and use it for two requests, until they are stopped."""

    def __init__(self, provider: Provider, items: str) -> None:
        self._provider = provider
        self._items = items
        self._stopped = threading.Event()
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=self._call, args=(number,)) for number in range(THREADS)]
        self._turns = [0] * THREADS
        self.statuses: Counter[int] = Counter()
        self.served_by: Counter[str] = Counter()
        self.failures: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def wait(self, turns: int = 8, seconds: float = 60) -> None:
        """Wait until each thread has completed this number of turns with new tokens."""
        with self._changed:
            targets = [done + 1 + turns for done in self._turns]
            in_time = self._changed.wait_for(lambda: self.failures or self._reached(targets), seconds)
        assert in_time, self.statuses

    def _reached(self, targets: list[int]) -> bool:
        return all(done >= target for done, target in zip(self._turns, targets, strict=True))

    def _call(self, number: int) -> None:
        with httpx.Client(timeout=30) as http:
            while not self._stopped.is_set():
                start = time.monotonic()
                try:
                    token = self._provider.token(http, ALGORITHMS[(self._turns[number] + number) % 2])
                    for _ in range(2):
                        self._record(token, http.get(self._items, headers=bearer(token), params={"limit": 1}))
                except httpx.HTTPError as error:
                    self._fail(repr(error))
                with self._changed:
                    self._turns[number] += 1
                    self._changed.notify()
                self._stopped.wait(start + TURN - time.monotonic())

    def _record(self, token: str, answer: httpx.Response) -> None:
        with self._changed:
            self.statuses[answer.status_code] += 1
            self.served_by[key_id(token)] += 1
        if answer.status_code != 200:
            self._fail(f"{key_id(token)}: {answer.status_code} {answer.text}")

    def _fail(self, description: str) -> None:
        with self._changed:
            self.failures.append(description)
            self._changed.notify()


def test_no_request_fails_while_keys_are_rotated(provider: Provider, http: httpx.Client, items: str) -> None:
    """A new key signs tokens as soon as it is published; the old one is withdrawn when its tokens are used up."""
    before = provider.key_sets_served
    used = set(provider.state["signing"].values())
    with Callers(provider, items) as callers:
        callers.wait()
        for command in ("rotate", "withdraw", "rotate ES256", "rotate RS256", "withdraw"):
            older = [provider.token(http, client) for client in ALGORITHMS]
            provider.do(command)
            used |= set(provider.state["signing"].values())
            callers.wait()
            assert callers.failures == [], command
            for token in older:
                assert http.get(items, headers=bearer(token)).status_code == 200, command
    assert callers.failures == []
    assert set(callers.statuses) == {200}
    assert callers.statuses.total() >= 400
    assert set(callers.served_by) == used
    assert len(used) == 6
    # Each process of the authorizer fetches the keys when it starts, and once for each of the three rotations.
    processes = THREADS + 1
    assert 3 <= provider.key_sets_served - before <= processes * 4
