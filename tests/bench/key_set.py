"""A key set on loopback, over http or https, with a certificate that is trusted beside the authorities of Lambda."""

import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.serving import serving

HOST = "127.0.0.1"


@dataclass(frozen=True)
class KeySet:
    """The URL of the document, and a file of the authorities to trust."""

    url: str
    authorities: Path


class _Document(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # As in web servers. With Nagle's algorithm, the response would wait until the client has acknowledged the session
    # tickets of TLS, which a client with nothing to send delays by 40 ms.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        body = cast("_Server", self.server).body
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Log nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, body: bytes, context: ssl.SSLContext | None) -> None:
        super().__init__((HOST, 0), _Document)
        self.body = body
        if context is not None:
            # The handshake must happen in the thread of the connection.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore connections that are closed by terminated processes."""


@contextmanager
def served(body: bytes, folder: Path, scheme: str = "https") -> Iterator[KeySet]:
    """Serve the document over http or https during the `with` block. Certificates are written into the folder."""
    certificate = _certificate(folder)
    authorities = folder / "authorities.pem"
    authorities.write_bytes(Path(certifi.where()).read_bytes() + certificate.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    with serving(_Server(body, context if scheme == "https" else None)) as server:
        yield KeySet(f"{scheme}://{HOST}:{server.server_port}/keys", authorities)


def _certificate(folder: Path) -> Path:
    """Write a self-signed certificate for HOST, and its key, and return its path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.with_suffix(".key").write_bytes(private)
    return path
