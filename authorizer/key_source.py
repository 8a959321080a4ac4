"""Fetch, cache and refresh an issuer's keys.

A Lambda function is frozen between requests and cannot run threads then. Therefore requests themselves refresh the
keys, one at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import msgspec

from authorizer import strict_json
from authorizer.clock import SYSTEM, Clock, Moment
from authorizer.errors import KeySetMalformed, KeysUnavailable, KeyUnknown
from authorizer.http.connection import parse_endpoint
from authorizer.http.fetch import FetchFailed, Session
from authorizer.settings import MAX_URL, DeploymentSettings, Issuer

if TYPE_CHECKING:
    from authorizer.keys import Key, KeySet
    from authorizer.settings import KeySettings

DISCOVERY = "/.well-known/openid-configuration"
"""OpenID Connect Discovery 1.0 §4."""

Fetch = Callable[[str, float], bytes]
"""Fetches the document at a URL within a number of seconds. Raises FetchFailed."""


class _CachedKeys(NamedTuple):
    keys: KeySet
    fetched: Moment


class _Discovery(msgspec.Struct):
    issuer: str
    jwks_uri: str


class FetchCounter:
    """The numbers of fetches and of failed fetches since the last log line."""

    def __init__(self) -> None:
        self.fetches = 0
        self.failures = 0
        self._lock = threading.Lock()

    def add(self, *, failed: bool) -> None:
        """Count a fetch."""
        with self._lock:
            self.fetches += 1
            self.failures += failed

    def reset(self) -> tuple[int, int]:
        """Return both numbers and set them to zero."""
        with self._lock:
            counts, self.fetches, self.failures = (self.fetches, self.failures), 0, 0
        return counts


class KeySource:
    """The keys of one issuer. Thread-safe; KeySettings explains the times.

    Finding a known key does not wait, unless this request refreshes the keys. An unknown key id causes a fetch, but
    not more often than the cooldown allows. While the keys cannot be refreshed, the cached ones stay in use up to
    `stale_if_error`.
    """

    def __init__(
        self,
        issuer: Issuer,
        settings: KeySettings,
        fetch: Fetch | None = None,
        clock: Clock = SYSTEM,
        fetches: FetchCounter | None = None,
    ) -> None:
        self._fetches = fetches or FetchCounter()
        self._issuer = issuer
        self._settings = settings
        self._fetch = fetch
        self._clock = clock
        self._monotonic = clock.monotonic
        self._cached: _CachedKeys | None = None
        self._lock = threading.Lock()
        self._last_error = ""
        self._failed_at: float | None = None
        self._searched_at: float | None = None

    def find(self, key_id: str | None, algorithm: str) -> Key:
        """Return the key for a token's header. Raises KeyUnknown, or KeysUnavailable if the keys cannot be fetched."""
        before = cached = self._cached
        if cached is None or self._clock.age(cached.fetched) >= self._settings.max_age:
            cached = self._usable()
        return cached.keys.find(key_id, algorithm) or self._search(key_id, algorithm, before)

    def warm_up(self, timeout: float) -> None:
        """Fetch the keys before the first request. Failures are retried on first use."""
        with self._lock:
            if self._cached is None and timeout > 0:
                self._load(timeout)
                self._failed_at = None

    def _usable(self) -> _CachedKeys:
        cached = self._cached
        if cached is None or (age := self._clock.age(cached.fetched)) >= self._settings.stale_if_error:
            return self._wait_for_keys()
        if age >= self._settings.max_age and not self._is_within(self._settings.retry_delay, self._failed_at):
            self._refresh()
            return self._cached or cached
        return cached

    def _refresh(self) -> None:
        """Refresh keys that are still usable; concurrent callers use the cached ones."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            cached = self._cached
            if cached is None or self._clock.age(cached.fetched) >= self._settings.max_age:
                self._load(self._settings.refresh_timeout)
        finally:
            self._lock.release()

    def _wait_for_keys(self) -> _CachedKeys:
        """Fetch keys when none are usable; concurrent callers share one fetch and its failure."""
        with self._lock:
            cached = self._cached
            if cached is not None and self._clock.age(cached.fetched) < self._settings.stale_if_error:
                return cached
            if self._is_within(self._settings.retry_delay, self._failed_at):
                self._raise_unavailable()
            return self._load(self._settings.fetch_timeout) or self._raise_unavailable()

    def _search(self, key_id: str | None, algorithm: str, before: _CachedKeys | None) -> Key:
        """Look for a key that is not cached, after a fetch unless one happened `before` or within the cooldown.

        A search that finds its key does not start the cooldown, because only the issuer can cause it. While fetches
        fail, it is unknown whether the key exists.
        """
        with self._lock:
            if self._cached is before and not self._is_within(self._settings.cooldown, self._searched_at):
                self._searched_at = self._monotonic()
                loaded = self._load(self._settings.fetch_timeout)
                if loaded is not None and loaded.keys.find(key_id, algorithm) is not None:
                    self._searched_at = None
            cached, failed = self._cached, self._failed_at is not None
        key = cached.keys.find(key_id, algorithm) if cached else None
        if key is not None:
            return key
        if failed:
            self._raise_unavailable()
        raise KeyUnknown

    def _raise_unavailable(self) -> NoReturn:
        raise KeysUnavailable(f"no keys of issuer {self._issuer.name}: {self._last_error}")

    def _load(self, timeout: float) -> _CachedKeys | None:
        """Fetch and cache the keys, or return None. The caller must hold the lock."""
        failed = True
        try:
            keys = self._fetch_keys(self._monotonic() + timeout)
            failed = False
        except (FetchFailed, KeySetMalformed) as error:
            self._last_error = str(error)
            self._failed_at = self._monotonic()
            return None
        finally:
            self._fetches.add(failed=failed)
        self._cached = _CachedKeys(keys, self._clock.now())
        self._failed_at = None
        return self._cached

    def _fetch_keys(self, deadline: float) -> KeySet:
        if self._fetch is not None:
            document = self._fetch_document(self._fetch, self._fetch, deadline)
        else:
            with Session() as session:
                document = self._fetch_document(session.get, partial(session.get, last=True), deadline)
        # Imported after the fetch: at a cold start, other threads import cryptography during it.
        from authorizer import keys  # noqa: PLC0415

        return keys.parse(document, self._issuer.algorithms)

    def _fetch_document(self, fetch: Fetch, fetch_last: Fetch, deadline: float) -> bytes:
        url = self._issuer.key_url or self._discover(fetch, deadline)
        return fetch_last(url, deadline - self._monotonic())

    def _discover(self, fetch: Fetch, deadline: float) -> str:
        """Return the URL of the key set from the issuer's discovery document."""
        raw = fetch(self._issuer.url.rstrip("/") + DISCOVERY, deadline - self._monotonic())
        try:
            found = msgspec.convert(strict_json.parse_document(raw, "discovery"), _Discovery)
        except msgspec.ValidationError:
            raise KeySetMalformed("not a discovery document") from None
        if found.issuer != self._issuer.url:
            raise KeySetMalformed("the discovery document is another issuer's")
        self._check_key_url(found.jwks_uri)
        return found.jwks_uri

    def _check_key_url(self, url: str) -> None:
        """Check a URL from a discovery document. Messages do not contain it, because they are logged."""
        try:
            endpoint = parse_endpoint(url if len(url) <= MAX_URL else "")
        except ValueError:
            raise KeySetMalformed(f"jwks_uri must be an https URL of at most {MAX_URL} characters") from None
        # Lambda's Runtime API is at a loopback address.
        if endpoint.is_loopback and not parse_endpoint(self._issuer.url).is_loopback:
            raise KeySetMalformed("jwks_uri must not be a loopback address") from None

    def _is_within(self, seconds: float, moment: float | None) -> bool:
        return moment is not None and self._monotonic() - moment < seconds


class KeySources:
    """The key source of each issuer, by the issuer's URL, and the number of their fetches."""

    def __init__(self, settings: DeploymentSettings, fetch: Fetch | None = None, clock: Clock = SYSTEM) -> None:
        self.fetches = FetchCounter()
        self.by_url = {
            issuer.url: KeySource(issuer, settings.keys, fetch, clock, self.fetches) for issuer in settings.issuers
        }
