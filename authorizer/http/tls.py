"""The TLS context, with the certificate authorities of the system.

OpenSSL takes longer to load them than for a handshake, but does not hold the interpreter's lock. So they are loaded
once, and at a cold start while other modules are imported.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib import import_module
from threading import Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

_lock = Lock()


def context() -> ssl.SSLContext:
    """Return the context of all TLS connections, once the certificate authorities are loaded."""
    with _lock:
        return _context()


def preload() -> None:
    """Load the certificate authorities in the background, before the first connection."""
    import_module("ssl")  # not in the thread: two threads that import at the same time block each other
    with suppress(RuntimeError):  # no more threads can be started: the first connection loads the authorities
        Thread(target=context, daemon=True).start()


@cache
def _context() -> ssl.SSLContext:
    # Imported by the first https connection: a process that fetches its keys over http does not import ssl.
    import ssl  # noqa: PLC0415

    created = ssl.create_default_context()
    created.minimum_version = ssl.TLSVersion.TLSv1_2
    # Only subject alternative names identify a server (RFC 9525 §2); by default, Python also accepts the common name.
    created.hostname_checks_common_name = False
    return created
