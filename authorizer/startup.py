"""Start-up: the issuers' keys are fetched while the rest of the authorizer is still being imported.

Otherwise a cold start would wait for the network and for OpenSSL's certificate authorities before it imports
`cryptography`.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from authorizer import settings as deployment
from authorizer.clock import SYSTEM, Clock
from authorizer.errors import AuthorizerError, SettingsInvalid, with_context
from authorizer.key_source import Fetch, FetchCounter, KeySources
from authorizer.settings_file import USER_POOL

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from authorizer.authorizer import Authorizer
    from authorizer.revocation.denylist import Denylist
    from authorizer.settings import DeploymentSettings

SWITCH_INTERVAL = 0.0005
"""Seconds for which a thread may keep the interpreter's lock while others wait for it.

Python's default of 5 ms would delay a fetch at each of its system calls while other modules are imported.
"""


def start(
    settings: DeploymentSettings,
    fetch: Fetch | None = None,
    clock: Clock = SYSTEM,
    denylist: Denylist | None = None,
    **options: Any,
) -> Authorizer:
    """Return an authorizer whose keys are fetched and whose denylist is connected.

    This takes at most the keys' `fetch_timeout`; failures are retried on first use. `options` are passed to
    Authorizer. Raises SettingsInvalid.
    """
    if USER_POOL in os.environ:
        from authorizer.user_pool import with_user_pool  # noqa: PLC0415 -- only if it is needed

        settings = with_user_pool(settings)
    deployment.require_valid(settings)
    sources = KeySources(settings, fetch, clock)
    tasks = [source.warm_up for source in sources.by_url.values()]
    if settings.revocation.enabled:
        if denylist is None:
            from authorizer.revocation.denylist import Denylist  # noqa: PLC0415 -- only if it is needed

            denylist = Denylist(settings.revocation.timeout)
        tasks.append(denylist.warm_up)
    with _in_background(tasks, settings.keys.fetch_timeout):
        from authorizer import signatures  # noqa: PLC0415
        from authorizer.authorizer import Authorizer  # noqa: PLC0415

        signatures.preload(algorithm for issuer in settings.issuers for algorithm in issuer.algorithms)
        return Authorizer(settings, sources, clock, denylist=denylist, **options)


@contextmanager
def _in_background(tasks: Iterable[Callable[[float], None]], timeout: float) -> Generator[None]:
    """Run each task in a thread during the `with` block, and wait for them at its end, for at most `timeout` seconds.

    Tasks take the timeout as their argument.
    """
    deadline = time.monotonic() + timeout
    threads: list[Thread] = []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        for task in tasks:
            thread = Thread(target=task, args=(timeout,), daemon=True)
            with suppress(RuntimeError):  # no more threads can be started: the first request does the task's work
                thread.start()
                threads.append(thread)
        yield
    finally:
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        sys.setswitchinterval(interval)


class LazyAuthorizer:
    """The authorizer with the settings of the bundle, created before the first request if possible.

    Invalid settings and unavailable keys fail requests instead of the start of the process, because Lambda would start
    such a process again and again.
    """

    def __init__(
        self,
        load: Callable[[], DeploymentSettings] = deployment.load,
        create: Callable[[DeploymentSettings], Authorizer] = start,
    ) -> None:
        self._load = load
        self._create = create
        self._authorizer: Authorizer | None = None
        self._lock = Lock()

    def __call__(self, event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """Return the policy for an event, as Authorizer does. Raises SettingsInvalid as well."""
        try:
            authorizer = self._authorizer or self._get()
        except Exception as error:
            self._log(error, context)
            raise
        return authorizer(event, context)

    def warm_up(self) -> None:
        """Create the authorizer before the first request, or leave invalid settings for that request to report."""
        with suppress(SettingsInvalid):
            self._get()

    def renew(self) -> None:
        """Create the authorizer again after a restore from a snapshot, as a new process would.

        Keys may have been rotated since, connections are closed, credentials have expired, cached decisions are old,
        and the monotonic clock, which measures when a failed fetch is retried, may have another origin.
        """
        self._authorizer = None
        with suppress(Exception):  # the first request retries; a hook that fails would end the process
            self._get()

    def _get(self) -> Authorizer:
        with self._lock:
            if self._authorizer is None:
                self._authorizer = self._create(self._settings())
            return self._authorizer

    def _log(self, error: Exception, context: Any) -> None:
        """Log the fault of a request for which no authorizer could be created, so that an alarm is raised.

        The line has the stack's name, so there is none if the settings cannot be read. Raises nothing.
        """
        from authorizer.log import DecisionLog, Record  # noqa: PLC0415 -- only if it is needed

        with suppress(Exception):
            settings = self._settings()
            if settings.log_decisions:
                record = Record.of_error(error if isinstance(error, AuthorizerError) else with_context(error))
                decision_id = (context and context.aws_request_id) or ""
                DecisionLog(settings, FetchCounter()).write(record, decision_id, SYSTEM.wall(), 0.0)

    def _settings(self) -> DeploymentSettings:
        try:
            return self._load()
        except (OSError, ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
            raise SettingsInvalid(f"the bundle's settings cannot be read: {error}") from None
