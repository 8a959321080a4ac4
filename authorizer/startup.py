"""Start-up: the issuers' keys are fetched while the rest of the authorizer is still being imported.

So a cold start does not wait for the network, or for the authorities that OpenSSL loads, before it imports
`cryptography`, nor the other way round.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager, suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from authorizer import settings as bundle
from authorizer.clock import SYSTEM, Clock
from authorizer.errors import SettingsInvalid
from authorizer.key_source import Fetch, KeySources

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from authorizer.authorizer import Authorizer
    from authorizer.revocation.entries import Revocations
    from authorizer.settings import DeploymentSettings


SWITCH_INTERVAL = 0.0005
"""Seconds for which a thread may keep the interpreter's lock while others wait for it.

Python's own 5 ms would hold up a fetch at each of its system calls for as long as everything else takes to import.
"""


def start(
    settings: DeploymentSettings,
    fetch: Fetch | None = None,
    clock: Clock = SYSTEM,
    revocations: Revocations | None = None,
    **options: Any,
) -> Authorizer:
    """The authorizer of these settings, its keys fetched and its list of revoked tokens connected, if they answer.

    All of it takes no longer than the keys' deadline; failures are retried on first use. `options` are Authorizer's.
    Raises SettingsInvalid.
    """
    bundle.require_valid(settings)
    sources = KeySources(settings, fetch, clock)
    warm = [source.warm for source in sources.by_url.values()]
    if settings.revocation.enabled:
        revocations = revocations or _denylist(settings.revocation.timeout)
        warm.append(revocations.warm)
    with _running(warm, settings.keys.fetch_timeout):
        from authorizer import signatures  # noqa: PLC0415
        from authorizer.authorizer import Authorizer  # noqa: PLC0415

        signatures.prepare(algorithm for issuer in settings.issuers for algorithm in issuer.algorithms)
        return Authorizer(settings, sources, clock, revocations=revocations, **options)


def _denylist(timeout: float) -> Revocations:
    """The list in the table of the environment. Where nothing can be revoked, a cold start does not pay for it."""
    from authorizer.revocation.denylist import Denylist  # noqa: PLC0415

    return Denylist(timeout)


@contextmanager
def _running(warm: Iterable[Callable[[float], None]], seconds: float) -> Generator[None]:
    """Within this, each of them runs in a thread; at the end they have finished, as they do within `seconds`."""
    until = time.monotonic() + seconds
    threads: list[Thread] = []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        for each in warm:
            thread = Thread(target=each, args=(seconds,), daemon=True)
            with suppress(RuntimeError):  # no more threads: the first request does it
                thread.start()
                threads.append(thread)
        yield
    finally:
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        sys.setswitchinterval(interval)


class LazyAuthorizer:
    """The authorizer of the settings in the bundle, made when it is first possible.

    Settings that cannot be read, or keys that cannot be fetched, fail requests and not the start of the process,
    because Lambda restarts such a process again and again.
    """

    def __init__(
        self,
        load: Callable[[], DeploymentSettings] = bundle.load,
        make: Callable[[DeploymentSettings], Authorizer] = start,
    ) -> None:
        self._load = load
        self._make = make
        self._made: Authorizer | None = None
        self._turn = Lock()

    def __call__(self, event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """As Authorizer; raises SettingsInvalid where the settings cannot be used."""
        return (self._made or self._ready())(event, context)

    def warm(self) -> None:
        """Make the authorizer ahead of the first request. Raises nothing."""
        try:
            self._ready()
        except SettingsInvalid:
            return

    def _ready(self) -> Authorizer:
        with self._turn:
            if self._made is None:
                self._made = self._make(self._settings())
            return self._made

    def _settings(self) -> DeploymentSettings:
        try:
            return self._load()
        except (OSError, ValueError, RecursionError) as error:  # msgspec's own errors are ValueErrors
            raise SettingsInvalid(f"the bundle's settings cannot be read: {error}") from None
