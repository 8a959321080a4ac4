"""A running stack of each API flavour, shared by all tests, with its own state folder and ports."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import SystemRandom
from typing import Any

import httpx
import pytest

from handlers.contract import load_collections, routes
from infra.packaging.bundles import ROOT
from local.deploy import Engine
from local.emulator.launch import is_free
from local.issuer import TokenRequest
from local.running_stack import RunningStack, StackOptions, running_stack

ORIGIN = "http://localhost:3000"
ALL_SCOPES = " ".join(sorted({route.scope for route in routes(load_collections())}))


@dataclass(frozen=True)
class Client:
    """A client of the API."""

    stack: RunningStack
    http: httpx.Client
    flavour: str = field(default="rest", kw_only=True)

    @property
    def url(self) -> str:
        return str(self.stack.exports["url"])

    def token(self, subject: str = "ann", scope: str = ALL_SCOPES, **more: Any) -> str:
        return self.stack.issuer.token(TokenRequest(subject=subject, scope=scope, **more))

    def call(self, method: str, path: str, token: str | None = None, **more: Any) -> httpx.Response:
        headers: dict[str, str] = {"Origin": ORIGIN, **more.pop("headers", {})}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self.http.request(method, f"{self.url}{path}", headers=headers, **more)

    def request_id(self, answer: httpx.Response) -> str:
        """Return the id of a response's request."""
        return answer.headers["x-amzn-requestid" if self.flavour == "rest" else "apigw-requestid"]

    def function_logs(self) -> str:
        return self.stack.emulator.options.functions_log.read_text()


def two_free_ports() -> int:
    """Return a free port whose next port is also free.

    Port 0 is not used: such ports are also given to outgoing connections, which could take one before the stack does.
    """
    while True:
        port = SystemRandom().randrange(10_000, 32_000, 2)
        if is_free(port) and is_free(port + 1):
            return port


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Engine:
    """The engine that deploys the stacks: `pytest tests/e2e --engine pulumi` uses the Pulumi CLI."""
    return Engine(request.config.getoption("--engine"))


@pytest.fixture(scope="session", params=["rest", "http"])
def flavour(request: pytest.FixtureRequest) -> str:
    """The flavour of the API: every test that uses the stack runs with both, except those marked `rest_only`."""
    return request.param


@pytest.fixture(scope="session")
def stack(engine: Engine, flavour: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    options = StackOptions(
        root=ROOT,
        state=tmp_path_factory.mktemp("state"),
        port=two_free_ports(),
        engine=engine,
        settings={"api.flavour": flavour},
    )
    with running_stack(options, lambda _: None, lambda _: None) as running:
        yield running


@pytest.fixture(scope="session")
def client(stack: RunningStack, flavour: str) -> Iterator[Client]:
    with httpx.Client(timeout=30) as http:
        yield Client(stack, http, flavour=flavour)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip the tests of features that HTTP APIs do not have."""
    marker = item.get_closest_marker("rest_only")
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    if marker is not None and parameters.get("flavour") == "http":
        pytest.skip(f"only REST APIs: {marker.args[0]}")
