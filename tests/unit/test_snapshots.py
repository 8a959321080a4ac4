"""What handlers and the authorizer renew after Lambda has restored them from a snapshot (SnapStart)."""

import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import ModuleType
from typing import Any, cast

import pytest
from botocore.credentials import Credentials

import authorizer.snapshots
import handlers.snapshots
from authorizer.authorizer import Authorizer
from authorizer.clock import Clock
from authorizer.errors import SettingsInvalid
from authorizer.revocation.container_credentials import CredentialsUnavailable
from authorizer.revocation.environment import Environment, read_environment
from authorizer.settings import DecisionCacheSettings, DeploymentSettings, KeySettings, RevocationSettings
from authorizer.startup import LazyAuthorizer, start
from handlers import database as handlers_database
from handlers import lambda_handler, read
from handlers.lambda_handler import LambdaHandler
from tests.unit.authorizer.database import KEYS, TABLE, database
from tests.unit.authorizer.provider import ManualClock, Provider, event, issuer, jwk, private_key, settings, token


def soon() -> float:
    return time.monotonic() + 10


class Runtime(ModuleType):
    """Lambda's library of hooks."""

    def __init__(self) -> None:
        super().__init__("snapshot_restore_py")
        self.hooks: list[Callable[[], None]] = []

    def register_after_restore(self, hook: Callable[[], None]) -> None:
        self.hooks.append(hook)

    def restore(self) -> None:
        for hook in self.hooks:
            hook()


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    runtime = Runtime()
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", runtime)
    monkeypatch.setattr(handlers.snapshots, "IS_SNAPSHOT", True)
    monkeypatch.setattr(authorizer.snapshots, "IS_SNAPSHOT", True)
    monkeypatch.setattr(lambda_handler, "IN_LAMBDA", True)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    handlers_database.shared_client.cache_clear()
    yield runtime
    handlers_database.shared_client.cache_clear()


@pytest.mark.usefixtures("runtime")
class TestHandlers:
    def test_the_client_is_replaced_for_all_operations(self, runtime: Runtime) -> None:
        handlers.snapshots.after_restore(handlers_database._renew)
        first, second = (LambdaHandler("read", read.read) for _ in range(2))
        before = first.dynamodb
        assert second.dynamodb is before
        runtime.restore()
        assert first.dynamodb is second.dynamodb is not before

    def test_without_the_hooks_the_client_of_the_snapshot_stays(self, runtime: Runtime) -> None:
        handler = LambdaHandler("read", read.read)
        before = handler.dynamodb
        runtime.hooks.clear()
        runtime.restore()
        assert handler.dynamodb is before

    @pytest.mark.parametrize("hooked", [True, False])
    def test_copies_of_a_snapshot_wait_for_different_times(self, runtime: Runtime, *, hooked: bool) -> None:
        if hooked:
            handlers.snapshots.after_restore(handlers_database._renew)
        snapshot, waits = random.getstate(), set[float]()
        for _ in range(2):
            random.setstate(snapshot)
            runtime.restore()
            waits.add(random.random())  # noqa: S311  jitter, no secret
        assert len(waits) == (2 if hooked else 1)

    def test_without_snapstart_nothing_is_registered(self, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(handlers.snapshots, "IS_SNAPSHOT", False)
        LambdaHandler("read", read.read)
        assert runtime.hooks == []


WITH_AND_WITHOUT = pytest.mark.parametrize("hooked", [True, False])
"""Without the hook, the authorizer of the snapshot stays: each test shows that it would decide differently."""

MAIN = issuer(algorithms=("ES256",))


class Snapshot:
    """An authorizer whose clocks, provider and database a test controls; it is ready when this has been created."""

    def __init__(self, runtime: Runtime, *, hooked: bool, **changes: Any) -> None:
        self.provider, self.clock = Provider(), ManualClock()
        self.lines: list[dict[str, Any]] = []
        self.created: list[Authorizer] = []
        made = settings(issuers=(MAIN,), **changes)
        self.lazy = LazyAuthorizer(lambda: made, self._create)
        self.lazy.warm_up()
        if hooked:
            authorizer.snapshots.after_restore(self.lazy.renew)
        self.restore = runtime.restore

    def _create(self, made: DeploymentSettings) -> Authorizer:
        emit, clock = self.lines.append, self.clock.as_clock()
        created = start(made, self.provider.fetch, clock, emit=lambda line: emit(json.loads(line)))
        self.created.append(created)
        return created

    def close(self) -> None:
        """Close the connections to the denylist, which Lambda would close before a restore."""
        for each in self.created:
            if each._denylist:
                each._denylist.table._pool.close()

    def decide(self, text: str) -> str:
        """Return the reason for a decision, in the log."""
        with suppress(Exception):
            self.lazy(event(text), None)
        return self.lines[-1]["reason"]


class TestAuthorizer:
    """A restored authorizer has new keys, caches, connections and timers, because it is created again."""

    @WITH_AND_WITHOUT
    def test_keys_that_were_withdrawn_in_the_meantime_are_unknown(self, runtime: Runtime, *, hooked: bool) -> None:
        """Even if neither clock shows how old the snapshot is, so that the keys look fresh."""
        snapshot = Snapshot(runtime, hooked=hooked)
        snapshot.provider.publish(jwk("ES256", private_key("ES256", 1), kid="other"))
        snapshot.restore()
        assert snapshot.decide(token("ES256")) == ("key_unknown" if hooked else "ok")

    @WITH_AND_WITHOUT
    def test_a_failed_fetch_is_retried_though_the_clock_was_set_back(self, runtime: Runtime, *, hooked: bool) -> None:
        """By the monotonic clock of the host that restores it, the fetch has not happened yet."""
        snapshot = Snapshot(runtime, hooked=hooked, decision_cache=DecisionCacheSettings(seconds=0))
        snapshot.provider.go_down()
        snapshot.clock.advance(100_000)
        assert snapshot.decide(token("ES256")) == "keys_unavailable"
        snapshot.provider.publish(jwk("ES256"))
        snapshot.clock.monotonic = 5.0
        snapshot.restore()
        valid = token("ES256", exp=int(snapshot.clock.wall) + 60, iat=int(snapshot.clock.wall))
        assert snapshot.decide(valid) == ("ok" if hooked else "keys_unavailable")

    @WITH_AND_WITHOUT
    def test_cached_decisions_are_forgotten(self, runtime: Runtime, *, hooked: bool) -> None:
        snapshot = Snapshot(runtime, hooked=hooked)
        text = token("ES256")
        for _ in range(2):
            assert snapshot.decide(text) == "ok"
        snapshot.restore()
        assert snapshot.decide(text) == "ok"
        assert [line["CacheHits"] for line in snapshot.lines] == [0, 1, 0 if hooked else 1]

    @WITH_AND_WITHOUT
    def test_the_denylist_has_new_connections_and_credentials(
        self, runtime: Runtime, endpoint: "Endpoint", monkeypatch: pytest.MonkeyPatch, *, hooked: bool
    ) -> None:
        with database() as denylist:
            endpoint.keys, endpoint.expires = KEYS, time.time() + 3600
            variables = {**endpoint.variables, "REVOCATIONS_TABLE": TABLE, "AWS_ENDPOINT_URL": denylist.url}
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
                monkeypatch.delenv(name, raising=False)
            for name, value in variables.items():
                monkeypatch.setenv(name, value)
            snapshot = Snapshot(runtime, hooked=hooked, revocation=RevocationSettings(enabled=True))
            assert snapshot.decide(token("ES256")) == "ok"
            before = denylist.connections, len(endpoint.requests)
            assert before == (1, 1)
            snapshot.restore()
            assert snapshot.decide(token("ES256")) == "ok"
            assert (denylist.connections, len(endpoint.requests)) == ((2, 2) if hooked else before)
            snapshot.close()

    @pytest.mark.parametrize("error", [ValueError, OSError, RuntimeError])
    def test_a_renewal_that_fails_does_not_fail_the_restore_and_the_request_retries(
        self, runtime: Runtime, error: type[Exception]
    ) -> None:
        """Lambda would end the process. The authorizer of the snapshot is not used again."""
        failures = [error, error]

        def create(_: Any) -> Any:
            if len(made) == 1 and failures:
                raise failures.pop()
            made.append(lambda *_: {"number": len(made)})
            return made[-1]

        made: list[Any] = []
        lazy = LazyAuthorizer(lambda: cast("Any", None), create)
        lazy.warm_up()
        authorizer.snapshots.after_restore(lazy.renew)
        runtime.restore()
        with pytest.raises(error):
            lazy({}, None)
        assert lazy({}, None) == {"number": 2}

    def test_a_warm_up_that_goes_on_after_the_restore_does_not_affect_the_new_authorizer(
        self, runtime: Runtime
    ) -> None:
        """A fetch that was slower than its timeout is part of the snapshot, and goes on in the restored process."""
        slow, over = Event(), Event()
        provider = Provider(jwk("ES256", private_key("ES256", 1), kid="other"))
        old = provider.documents.copy()

        def fetch(url: str, timeout: float) -> bytes:
            if not slow.is_set():
                slow.set()
                over.wait(10)
                return old[url]  # type: ignore[return-value]
            return provider.fetch(url, timeout)

        made = settings(issuers=(MAIN,), keys=KeySettings(fetch_timeout=0.2))
        clock, lines = ManualClock().as_clock(), list[bytes]()
        lazy = LazyAuthorizer(lambda: made, lambda each: start(each, fetch, clock, emit=lines.append))
        lazy.warm_up()
        authorizer.snapshots.after_restore(lazy.renew)
        provider.publish(jwk("ES256"))
        runtime.restore()
        over.set()
        assert lazy(event(token("ES256")), None)["principalId"] == "main|alice"

    def test_settings_that_became_invalid_fail_the_request_and_not_the_restore(self, runtime: Runtime) -> None:
        def fail() -> Any:
            raise ValueError

        lazy = LazyAuthorizer(fail)
        authorizer.snapshots.after_restore(lazy.renew)
        runtime.restore()
        with pytest.raises(SettingsInvalid):
            lazy({}, None)


class Endpoint(ThreadingHTTPServer):
    """The runtime's endpoint of credentials."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.expires, self.requests = 200, 1000.0, list[str | None]()
        self.keys: Credentials | None = None

    @property
    def variables(self) -> dict[str, str]:
        return {
            "REVOCATIONS_TABLE": "revoked", "AWS_REGION": "eu-central-1", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "tok",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{self.server_port}/credentials",
        }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        self.server.requests.append(self.headers["Authorization"])
        expiration = datetime.fromtimestamp(self.server.expires, UTC).isoformat()
        keys = self.server.keys or Credentials(f"key-{len(self.server.requests)}", "s", "t")
        found = {"AccessKeyId": keys.access_key, "SecretAccessKey": keys.secret_key, "Token": keys.token}
        body = json.dumps({**found, "Expiration": expiration}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the parameter of the base class
        pass


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class TestCredentials:
    """With SnapStart, Lambda's environment has no keys but an endpoint that returns them."""

    def test_they_come_from_the_endpoint_and_are_kept_until_they_expire(self, endpoint: Endpoint) -> None:
        now = [0.0]
        credentials = read_environment(endpoint.variables).credential_source(Clock(lambda: now[0], lambda: 0.0))
        assert [credentials(soon()).key_id for _ in range(2)] == ["key-1", "key-1"]
        assert endpoint.requests == ["tok"]
        now[0] = 701  # 299 seconds before they expire
        assert credentials(soon()).key_id == "key-2"

    def test_valid_ones_are_used_while_the_endpoint_fails_and_expired_ones_are_not(self, endpoint: Endpoint) -> None:
        now = [0.0]
        credentials = read_environment(endpoint.variables).credential_source(Clock(lambda: now[0], lambda: 0.0))
        assert credentials(soon()).key_id == "key-1"
        endpoint.status = 500
        now[0] = 800
        assert credentials(soon()).key_id == "key-1"
        now[0] = 1000
        with pytest.raises(CredentialsUnavailable):
            credentials(soon())

    def test_a_remote_endpoint_is_rejected(self) -> None:
        variables = {"REVOCATIONS_TABLE": "r", "AWS_REGION": "x", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://x.com/"}
        with pytest.raises(SettingsInvalid):
            read_environment(variables)

    def test_the_environments_repr_contains_no_token(self, endpoint: Endpoint) -> None:
        assert "tok" not in repr(read_environment(endpoint.variables))
        assert isinstance(read_environment(endpoint.variables), Environment)
