"""What handlers and the authorizer renew after Lambda has restored them from a snapshot (SnapStart)."""

import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import ModuleType
from typing import Any

import pytest

import authorizer.snapshots
import handlers.snapshots
from authorizer.clock import Clock
from authorizer.errors import SettingsInvalid
from authorizer.revocation.container_credentials import CredentialsUnavailable
from authorizer.revocation.environment import Environment, read_environment
from authorizer.startup import LazyAuthorizer
from handlers import database, lambda_handler, read
from handlers.lambda_handler import LambdaHandler


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
    database.shared_client.cache_clear()
    yield runtime
    database.shared_client.cache_clear()


@pytest.mark.usefixtures("runtime")
class TestHandlers:
    def test_the_client_is_replaced_for_all_operations(self, runtime: Runtime) -> None:
        handlers.snapshots.after_restore(database._renew)
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
            handlers.snapshots.after_restore(database._renew)
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


class TestAuthorizer:
    """A restored authorizer has new keys, caches, connections and timers, because it is created again."""

    @pytest.mark.parametrize("hooked", [True, False])
    def test_it_is_created_again(self, runtime: Runtime, *, hooked: bool) -> None:
        made: list[Any] = []

        def settings() -> Any:
            return None

        def create(_: Any) -> Any:
            made.append(lambda *_: {"number": len(made)})
            return made[-1]

        lazy = LazyAuthorizer(settings, create)
        lazy.warm_up()
        if hooked:
            authorizer.snapshots.after_restore(lazy.renew)
        runtime.restore()
        assert len(made) == (2 if hooked else 1)
        assert lazy({}, None) == {"number": len(made)}

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
        key = f"key-{len(self.server.requests)}"
        body = json.dumps({"AccessKeyId": key, "SecretAccessKey": "s", "Token": "t", "Expiration": expiration}).encode()
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
