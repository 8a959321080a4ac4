"""The authorities that certificates are checked against.

Loading them takes OpenSSL longer than a handshake, and it does not hold the interpreter's lock meanwhile: so they are
loaded once, and at a cold start while everything else is being imported.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib import import_module
from threading import Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

_loading = Lock()


def context() -> ssl.SSLContext:
    """What TLS connections are made with; it is there once the authorities are loaded."""
    with _loading:
        return _context()


def load_ahead() -> None:
    """Load the authorities in the background, so that the first connection finds them."""
    import_module("ssl")  # not in the thread: two threads that import at the same time hold each other up
    with suppress(RuntimeError):  # no more threads: the first connection loads them
        Thread(target=context, daemon=True).start()


@cache
def _context() -> ssl.SSLContext:
    # Imported by the first connection that needs it; a process that is given its keys over http does not.
    import ssl  # noqa: PLC0415

    made = ssl.create_default_context()
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    # A name counts only as a subject alternative name (RFC 9525 §2); by default, Python also accepts the common name.
    made.hostname_checks_common_name = False
    return made
