"""The Lambda entry point: invalid settings fail requests, not the start of the process."""

import json
import re
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from authorizer import handler as entry
from authorizer import settings as bundle
from authorizer import settings_file
from authorizer.authorizer import Authorizer
from authorizer.errors import Fault, NotAuthentic, SettingsInvalid
from authorizer.http import tls
from authorizer.http.fetch import FetchFailed
from authorizer.settings import DeploymentSettings, Issuer, KeySettings, RevocationSettings
from authorizer.startup import LazyAuthorizer, start
from tests.embedded_metrics import sums
from tests.security.test_outages import MARGIN
from tests.unit.authorizer.provider import Harness, ManualClock, Provider, event, issuer, routes, settings, token


def create(made: DeploymentSettings) -> Authorizer:
    return start(made, Provider().fetch, ManualClock().as_clock(), emit=lambda _: None)


def test_a_source_tree_without_settings_can_be_imported_and_fails_requests() -> None:
    with pytest.raises(SettingsInvalid, match="the bundle's settings cannot be read"):
        entry.handler(event(token()), None)


def test_reading_the_settings_is_retried() -> None:
    found: list[DeploymentSettings] = []

    def load() -> DeploymentSettings:
        if not found:
            raise FileNotFoundError("settings.json")
        return found[0]

    lazy = LazyAuthorizer(load, create)
    lazy.warm_up()
    with pytest.raises(SettingsInvalid):
        lazy(event(token()), None)
    found.append(settings())
    assert lazy(event(token()), None)["principalId"] == "main|alice"


UNREADABLE = [b"", b"{}", b"[]", b'{"project":1}', b'{"project":"\xff"}', b'{"x":' + b"[" * 100_000]


@pytest.mark.parametrize("raw", UNREADABLE)
def test_malformed_settings_fail_requests(raw: bytes) -> None:
    lazy = LazyAuthorizer(lambda: bundle.load(raw), create)
    lazy.warm_up()
    with pytest.raises(SettingsInvalid):
        lazy(event(token()), None)


@pytest.mark.parametrize(
    "changes",
    [
        {"issuers": ()},
        {"issuers": (issuer(), issuer())},
        {"issuers": (issuer(url="http://idp.example.com"),)},
        {"routes": routes("items/parts")},
    ],
)
def test_invalid_settings_fail_requests(changes: dict[str, object]) -> None:
    lazy = LazyAuthorizer(lambda: bundle.load(bundle.dump(settings(**changes))), create)
    lazy.warm_up()
    with pytest.raises(SettingsInvalid):
        lazy(event(token()), None)


class TestFaultsOfTheStart:
    """Requests for which there is no authorizer are logged as faults, with the metrics that alarms need."""

    CONTEXT = SimpleNamespace(aws_request_id="request-1")

    def lines(self, lazy: LazyAuthorizer, capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
        capfd.readouterr()
        with pytest.raises(Exception, match=r".") as failed:
            lazy(event(token()), self.CONTEXT)
        assert str(failed.value) != "Unauthorized"
        return [json.loads(line) for line in capfd.readouterr().out.splitlines()]

    def test_invalid_settings(self, capfd: pytest.CaptureFixture[str]) -> None:
        lazy = LazyAuthorizer(lambda: bundle.load(bundle.dump(settings(issuers=()))), create)
        lazy.warm_up()
        (line,) = self.lines(lazy, capfd)
        assert (line["level"], line["outcome"], line["reason"]) == ("ERROR", "fault", "settings")
        assert line["decision_id"] == "request-1"
        assert sums([line], "Decisions", "stack", "outcome") == {("test", "fault"): 1}

    def test_a_missing_environment_variable(
        self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("REVOCATIONS_TABLE", raising=False)
        lazy = LazyAuthorizer(lambda: settings(revocation=RevocationSettings(enabled=True)), create)
        (line,) = self.lines(lazy, capfd)
        assert sums([line], "Decisions", "outcome") == {"fault": 1}

    def test_an_unexpected_exception(self, capfd: pytest.CaptureFixture[str]) -> None:
        def fail(_: DeploymentSettings) -> Authorizer:
            raise MemoryError("secret-detail")

        (line,) = self.lines(LazyAuthorizer(settings, fail), capfd)
        assert (line["outcome"], line["reason"]) == ("fault", "internal:MemoryError")
        assert "secret" not in json.dumps(line)

    def test_nothing_is_logged_if_the_settings_say_so_or_cannot_be_read(
        self, capfd: pytest.CaptureFixture[str]
    ) -> None:
        for load in (lambda: settings(issuers=(), log_decisions=False), lambda: bundle.load(b"{}")):
            assert self.lines(LazyAuthorizer(load, create), capfd) == []


def test_the_start_fetches_keys() -> None:
    provider = Provider()
    lazy = LazyAuthorizer(
        settings, lambda made: start(made, provider.fetch, ManualClock().as_clock(), emit=lambda _: None)
    )
    lazy.warm_up()
    sent = len(provider.requests)
    assert sent == 2
    lazy(event(token()), None)
    assert len(provider.requests) == sent


def test_the_first_request_fetches_keys_that_the_start_could_not_fetch() -> None:
    provider = Provider()
    documents = dict(provider.documents)
    provider.go_down()
    lazy = LazyAuthorizer(
        settings, lambda made: start(made, provider.fetch, ManualClock().as_clock(), emit=lambda _: None)
    )
    lazy.warm_up()
    provider.documents = documents
    assert lazy(event(token()), None)["principalId"] == "main|alice"


class TestThreads:
    """The threads of a start share one deadline; if they cannot be started, the first request does their work."""

    def test_without_threads_the_first_request_fetches_the_keys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        interval, provider = sys.getswitchinterval(), Provider()
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            tls.preload()
            made = start(settings(), provider.fetch, ManualClock().as_clock(), emit=lambda _: None)
        assert (provider.requests, sys.getswitchinterval()) == ([], interval)
        assert made(event(token()))["principalId"] == "main|alice"

    def test_the_threads_of_all_issuers_share_one_deadline(self) -> None:
        over = threading.Event()

        def stall(url: str, timeout: float) -> bytes:
            over.wait(5)
            raise FetchFailed(url)

        issuers = tuple(issuer(name=name, url=f"https://{name}.example.com") for name in "abcdefghijklmnopqrst")
        started = time.monotonic()
        start(settings(issuers=issuers, keys=KeySettings(fetch_timeout=0.3)), stall, emit=lambda _: None)
        assert time.monotonic() - started < 0.3 + MARGIN, "one after the other would take 6 seconds"
        over.set()


def test_all_threads_share_one_authorizer() -> None:
    made: list[Authorizer] = []

    def count(found: DeploymentSettings) -> Authorizer:
        made.append(create(found))
        return made[-1]

    lazy = LazyAuthorizer(settings, count)
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: lazy(event(token()), None), range(100)))
    assert len(made) == 1


def test_the_gateway_can_distinguish_faults_from_rejections() -> None:
    """Only this exact message makes the gateway answer 401."""
    assert not issubclass(Fault, NotAuthentic)
    harness = Harness()
    harness.provider.go_down()
    with pytest.raises(Fault) as failed:
        harness.decide(token())
    assert str(failed.value) != "Unauthorized"


def test_each_thread_receives_the_decision_about_its_own_token() -> None:
    harness = Harness()
    texts = {f"user-{number}": token("EdDSA", sub=f"user-{number}") for number in range(50)}
    with ThreadPoolExecutor(16) as pool:
        for _ in range(3):
            outputs = dict(zip(texts, pool.map(harness.decide, texts.values()), strict=True))
            assert {output["principalId"] for output in outputs.values()} == {f"main|{name}" for name in texts}
            assert all(output["principalId"] == f"main|{name}" for name, output in outputs.items())


def test_a_start_imports_no_slow_modules() -> None:
    """A process without https does not import `ssl`, and no process imports a JWT or an HTTP library."""
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import authorizer.handler\n"
        "unwanted = {'ssl', 'http.client', 'email', 'urllib.request', 'urllib.parse', 'pathlib', 'requests', 'asyncio',"
        " 'jwt', 'cryptography.x509', 'handlers', 'infra', 'authorizer.user_pool'}\n"
        "print(sorted(unwanted & (set(sys.modules) - before)))"
    )
    found = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", program],
        cwd=Path(__file__).parents[3],
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout == "[]\n"


def test_encoded_settings_are_decoded_to_equal_settings() -> None:
    made = settings(issuers=(issuer(scope_claim="scp", required_claims={"a": ("b",)}, tenant_claim="org"),))
    assert bundle.load(bundle.dump(made)) == made
    assert bundle.dump(msgspec.json.decode(bundle.dump(made), type=DeploymentSettings)) == bundle.dump(made)


def test_the_settings_file_is_beside_the_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_file, "__file__", str(tmp_path / "settings_file.py"))
    (tmp_path / settings_file.FILE_NAME).write_bytes(bundle.dump(settings()))
    assert bundle.load() == settings()


class TestCertificateAuthorities:
    """The certificate authorities are preloaded only if documents are fetched over https."""

    @pytest.mark.parametrize(
        ("known", "expected"),
        [
            ((issuer(),), True),
            ((issuer(url="http://127.0.0.1:1"),), False),
            ((issuer(key_url="http://127.0.0.1:1/keys"),), False),
            ((issuer(url="http://127.0.0.1:1"), issuer(name="other")), True),
        ],
    )
    def test_they_are_preloaded_if_documents_are_fetched_over_https(
        self, known: tuple[Issuer, ...], expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settings_file, "__file__", str(tmp_path / "settings_file.py"))
        (tmp_path / settings_file.FILE_NAME).write_bytes(bundle.dump(settings(issuers=known)))
        assert settings_file.fetches_over_https() is expected

    @pytest.mark.parametrize("raw", [*UNREADABLE, b'{"issuers":[1]}', b'{"issuers":[{}]}', b'{"issuers":[{"url":1}]}'])
    def test_they_are_not_preloaded_if_the_settings_are_malformed(
        self, raw: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settings_file, "__file__", str(tmp_path / "settings_file.py"))
        assert settings_file.fetches_over_https() is False
        (tmp_path / settings_file.FILE_NAME).write_bytes(raw)
        assert settings_file.fetches_over_https() is False

    def test_all_threads_share_one_context(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[ssl.SSLContext] = []

        def create() -> ssl.SSLContext:
            made.append(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
            time.sleep(0.05)
            return made[-1]

        monkeypatch.setattr(ssl, "create_default_context", create)
        tls._context.cache_clear()
        tls.preload()
        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(lambda _: tls.context(), range(8))) == {tls.context()}
        tls._context.cache_clear()
        assert len(made) == 1


def test_the_handler_passes_on_the_event_and_the_context(monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[object] = []

    def decide(sent: object, context: object) -> dict[str, object]:
        received.extend([sent, context])
        return {}

    lazy = LazyAuthorizer(settings, lambda _: cast("Any", decide))
    monkeypatch.setattr(entry, "_authorizer", lazy)
    sent, context = event(token()), SimpleNamespace(aws_request_id="request-1")
    entry.handler(sent, context)
    assert received == [sent, context]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"issuers": (issuer(), issuer())},
            "issuers[1].name: must not be the name of another issuer (found 'main'); issuers[1].url: must not",
        ),
        ({"routes": routes("items/parts")}, "route '/items/parts': the path must be /name or /name/{parameter}"),
    ],
)
def test_all_problems_of_the_settings_are_reported(changes: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsInvalid, match=re.escape(message)):
        create(settings(**changes))
