"""A proxy between a provider and an emulated AWS that counts the calls."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import urlsplit

from tests.serving import serving


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet per response; with two, each call would wait for a delayed acknowledgement

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        proxy = cast("CountingProxy", self.server)
        proxy.count()
        connection = http.client.HTTPConnection(proxy.backend, timeout=60)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            found = connection.getresponse()
            content = found.read()
        finally:
            connection.close()
        self.send_response(found.status)
        for name, value in found.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_GET  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing."""


class CountingProxy(ThreadingHTTPServer):
    """Passes calls on to an endpoint."""

    daemon_threads = True

    def __init__(self, endpoint: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.backend = urlsplit(endpoint).netloc
        self.calls = 0
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The URL to use instead of the endpoint's."""
        return f"http://127.0.0.1:{self.server_port}"

    def count(self) -> None:
        """Count a call."""
        with self._lock:
            self.calls += 1


@contextmanager
def counting_proxy(endpoint: str) -> Iterator[CountingProxy]:
    """Run a proxy for the duration of a context."""
    with serving(CountingProxy(endpoint)) as proxy:
        yield proxy
