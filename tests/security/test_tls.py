"""An issuer's documents are fetch_document only from hosts with a trusted certificate, over TLS 1.2 or later.

Every server that is rejected is accepted by the same code once the one check it fails is disabled, so no test passes
for another reason.
"""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from authorizer.http import tls
from authorizer.http.connection import Connection, parse_endpoint
from authorizer.http.fetch import FetchFailed
from tests.security.certificates import DAY, Certificate, issue
from tests.security.key_server import fetch_document, key_server

NAME = "idp.example.com"
ADDRESS = "127.0.0.1"
BODY = b'{"keys":[]}'
NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME."""

ROOT = issue("Trusted Root", authority=True)
UNTRUSTED = issue("Unknown Root", authority=True)
LEAF = issue("leaf.example.com", "leaf.example.com", issuer=ROOT)
AUTHORITY = issue("Intermediate", issuer=ROOT, authority=True)
SELF_SIGNED = issue(NAME, NAME)
WEEK = timedelta(days=7)

Serve = Callable[["Server"], AbstractContextManager[str]]
Change = Callable[[ssl.SSLContext], object]


@dataclass(frozen=True)
class Server:
    """The certificate and the TLS settings of a server, and the host name in its URL."""

    certificate: Certificate
    host: str = NAME
    configure: Change = field(default=lambda _: None)


@dataclass(frozen=True)
class Rejected:
    """A server that is rejected, OpenSSL's reason, and the change to the client's context that accepts the server."""

    server: Server
    reason: str
    relax: Change


def ignore_the_host(context: ssl.SSLContext) -> None:
    context.check_hostname = False


def ignore_the_time(context: ssl.SSLContext) -> None:
    context.verify_flags |= ssl.VerifyFlags(NO_CHECK_TIME)


def ignore_the_chain(context: ssl.SSLContext) -> None:
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE


def read_the_common_name(context: ssl.SSLContext) -> None:
    context.hostname_checks_common_name = True


def trusting(authority: Certificate) -> Change:
    return lambda context: context.load_verify_locations(cadata=authority.pem.decode())


def allow_old_versions(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")


def speak_only(version: ssl.TLSVersion) -> Change:
    def configure(context: ssl.SSLContext) -> None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = version

    return configure


GOOD = issue(NAME, NAME, ADDRESS, issuer=ROOT)

ACCEPTED = {
    "by_name": Server(GOOD),
    "by_address": Server(GOOD, ADDRESS),
    "by_an_intermediate": Server(issue(NAME, NAME, issuer=AUTHORITY)),
    "over_tls_1_2": Server(GOOD, configure=speak_only(ssl.TLSVersion.TLSv1_2)),
}

REJECTED = {
    "another_name": Rejected(
        Server(issue("other.example.com", "other.example.com", issuer=ROOT)),
        f"Hostname mismatch, certificate is not valid for '{NAME}'.",
        ignore_the_host,
    ),
    "a_parent_domain": Rejected(
        Server(issue("example.com", "example.com", "*.com", issuer=ROOT)),
        f"Hostname mismatch, certificate is not valid for '{NAME}'.",
        ignore_the_host,
    ),
    "another_address": Rejected(
        Server(issue("127.0.0.2", "127.0.0.2", issuer=ROOT), ADDRESS),
        f"IP address mismatch, certificate is not valid for '{ADDRESS}'.",
        ignore_the_host,
    ),
    "an_address_in_the_common_name_only": Rejected(
        Server(issue(ADDRESS, issuer=ROOT), ADDRESS),
        f"IP address mismatch, certificate is not valid for '{ADDRESS}'.",
        ignore_the_host,
    ),
    "an_address_as_a_name": Rejected(
        Server(issue(ADDRESS, NAME, issuer=ROOT), ADDRESS),
        f"IP address mismatch, certificate is not valid for '{ADDRESS}'.",
        ignore_the_host,
    ),
    "a_name_in_the_common_name_only": Rejected(
        Server(issue(NAME, issuer=ROOT)),
        f"Hostname mismatch, certificate is not valid for '{NAME}'.",
        read_the_common_name,
    ),
    "expired": Rejected(
        Server(issue(NAME, NAME, issuer=ROOT, valid_from=-WEEK, valid_to=-DAY)),
        "certificate has expired",
        ignore_the_time,
    ),
    "not_yet_valid": Rejected(
        Server(issue(NAME, NAME, issuer=ROOT, valid_from=DAY, valid_to=WEEK)),
        "certificate is not yet valid",
        ignore_the_time,
    ),
    "self_signed": Rejected(Server(SELF_SIGNED), "self-signed certificate", trusting(SELF_SIGNED)),
    "by_an_unknown_authority": Rejected(
        Server(issue(NAME, NAME, issuer=UNTRUSTED)),
        "unable to get local issuer certificate",
        trusting(UNTRUSTED),
    ),
    "by_a_leaf": Rejected(Server(issue(NAME, NAME, issuer=LEAF)), "invalid CA certificate", ignore_the_chain),
}


@pytest.fixture(autouse=True)
def _trusted_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Trust only ROOT, as a deployment would trust a private authority."""
    (tmp_path / "root.pem").write_bytes(ROOT.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))
    tls._context.cache_clear()
    yield
    tls._context.cache_clear()


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Serve BODY over TLS at the URL that the context gives; every name resolves to the server."""

    @contextmanager
    def serving(server: Server) -> Iterator[str]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server.certificate.write_chain(tmp_path / "server.pem"))
        server.configure(context)

        def answer(peer: socket.socket, _: threading.Event) -> None:
            with context.wrap_socket(peer, server_side=True) as secured:
                secured.recv(65_536)
                secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY))

        with key_server(answer) as listening:
            port = int(listening.url.split(":")[2].removesuffix("/keys"))
            found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ADDRESS, port))]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
            yield f"https://{server.host}:{port}/keys"

    return serving


def connect(url: str) -> Connection:
    return Connection(parse_endpoint(url), time.monotonic() + 5)


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_certificate_for_the_host_by_a_trusted_authority_is_accepted(name: str, serve: Serve) -> None:
    with serve(ACCEPTED[name]) as url:
        assert fetch_document(url, 5) == BODY


@pytest.mark.parametrize("name", REJECTED)
class TestCertificate:
    def test_it_is_rejected_for_its_own_reason(self, name: str, serve: Serve) -> None:
        case = REJECTED[name]
        with serve(case.server) as url:
            with pytest.raises(ssl.SSLCertVerificationError) as failed:
                connect(url)
            assert failed.value.verify_message == case.reason
            with pytest.raises(FetchFailed, match=f"^SSLCertVerificationError {re.escape(case.reason)} at https://"):
                fetch_document(url, 5)

    def test_it_is_accepted_without_the_check(self, name: str, serve: Serve) -> None:
        case = REJECTED[name]
        case.relax(tls.context())
        with serve(case.server) as url:
            assert fetch_document(url, 5) == BODY


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1.* is deprecated:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1], ids=["1_0", "1_1"])
class TestOldVersion:
    def test_it_is_rejected(self, version: ssl.TLSVersion, serve: Serve) -> None:
        with serve(Server(GOOD, configure=speak_only(version))) as url:
            with pytest.raises(ssl.SSLError) as failed:
                connect(url)
            assert failed.value.reason == "TLSV1_ALERT_PROTOCOL_VERSION"
            with pytest.raises(FetchFailed, match=r"^SSLError at https://"):
                fetch_document(url, 5)

    def test_it_is_accepted_without_the_check(self, version: ssl.TLSVersion, serve: Serve) -> None:
        allow_old_versions(tls.context())
        with serve(Server(GOOD, configure=speak_only(version))) as url, closing(connect(url)) as made:
            assert cast("ssl.SSLSocket", made._socket).version() == version.name.replace("_", ".")
            made.send(b"GET / HTTP/1.1\r\n\r\n", time.monotonic() + 5)


def test_the_lowest_version_does_not_depend_on_the_defaults_of_python(monkeypatch: pytest.MonkeyPatch) -> None:
    lax = ssl.create_default_context()
    allow_old_versions(lax)
    monkeypatch.setattr(ssl, "create_default_context", lambda: lax)
    assert tls.context().minimum_version is ssl.TLSVersion.TLSv1_2


def test_the_systems_authorities_are_trusted_by_default(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    system = ssl.create_default_context()
    with serve(Server(GOOD)) as url:
        with pytest.raises(ssl.SSLCertVerificationError) as failed:
            connect(url)
        assert failed.value.verify_message == "unable to get local issuer certificate"
    trusted, default = (made.get_ca_certs(binary_form=True) for made in (tls.context(), system))
    assert sorted(trusted) == sorted(default)
