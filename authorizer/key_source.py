"""An issuer's keys, kept fresh: fetched by the request that finds them old, by no more than one at a time.

A Lambda function is frozen between requests and runs no threads then, so age is looked at in each request, by both
clocks: the monotonic one may stand still while the process is frozen or restored from a snapshot.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import msgspec

from authorizer import strict_json
from authorizer.clock import SYSTEM, Clock
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
"""A document by its URL, in at most so many seconds. Raises FetchFailed."""


class _Held(NamedTuple):
    keys: KeySet
    wall: float
    monotonic: float


class _Discovery(msgspec.Struct):
    issuer: str
    jwks_uri: str


class FetchCounter:
    """Fetches of keys, and failed ones, that are not logged yet."""

    def __init__(self) -> None:
        self.fetches = 0
        self.failures = 0
        self._turn = threading.Lock()

    def add(self, *, failed: bool) -> None:
        """Count a fetch."""
        with self._turn:
            self.fetches += 1
            self.failures += failed

    def take(self) -> tuple[int, int]:
        """Both numbers, which start from zero again."""
        with self._turn:
            taken, self.fetches, self.failures = (self.fetches, self.failures), 0, 0
        return taken


class KeySource:
    """The keys of one issuer.

    A key that is known is found without waiting, unless this very request refreshes the set (for at most `patience`
    seconds). A key id that is not known is looked for at the issuer, and once one was not found there, not again within
    `cooldown`. While the issuer is down, the keys serve on up to `limit`.
    """

    def __init__(
        self,
        issuer: Issuer,
        times: KeySettings,
        fetch: Fetch | None = None,
        clock: Clock = SYSTEM,
        counts: FetchCounter | None = None,
    ) -> None:
        self._counts = counts or FetchCounter()
        self._issuer = issuer
        self._times = times
        self._fetch = fetch
        self._wall, self._monotonic = clock.wall, clock.monotonic
        self._held: _Held | None = None
        self._turn = threading.Lock()
        self._problem = ""
        self._failed_at: float | None = None
        self._searched_at: float | None = None

    def find(self, key_id: str | None, algorithm: str) -> Key:
        """The key for a token's header. Raises KeyUnknown, or KeysUnavailable where that cannot be told."""
        first = held = self._held
        if held is None or self._age(held) >= self._times.max_age:
            held = self._fresh()
        return held.keys.find(key_id, algorithm) or self._search(key_id, algorithm, first)

    def warm(self, seconds: float) -> None:
        """Fetch the keys ahead of the first request. Where that fails, the first request tries again."""
        with self._turn:
            if self._held is None and seconds > 0:
                self._load(seconds)
                self._failed_at = None

    def _fresh(self) -> _Held:
        held = self._held
        if held is None or (age := self._age(held)) >= self._times.stale_if_error:
            return self._awaited()
        if age >= self._times.max_age and not self._recently(self._failed_at, self._times.retry_delay):
            self._refresh()
            return self._held or held
        return held

    def _refresh(self) -> None:
        """Replace keys that still serve. Who comes while another does it goes on with the old ones."""
        if not self._turn.acquire(blocking=False):
            return
        try:
            held = self._held
            if held is None or self._age(held) >= self._times.max_age:
                self._load(self._times.refresh_timeout)
        finally:
            self._turn.release()

    def _awaited(self) -> _Held:
        """Keys where there are none to go on with. All who come wait for one fetch, and share its failure."""
        with self._turn:
            held = self._held
            if held is not None and self._age(held) < self._times.stale_if_error:
                return held
            if self._recently(self._failed_at, self._times.retry_delay):
                self._give_up()
            return self._load(self._times.fetch_timeout) or self._give_up()

    def _search(self, key_id: str | None, algorithm: str, first: _Held | None) -> Key:
        """A key that the set does not have, once it is fetched again: if that is due, and the set is still the first.

        A search that finds its key does not put off the next: only the issuer can bring one about. While fetches fail,
        nobody knows whether there is such a key.
        """
        with self._turn:
            if self._held is first and not self._recently(self._searched_at, self._times.cooldown):
                self._searched_at = self._monotonic()
                loaded = self._load(self._times.fetch_timeout)
                if loaded is not None and loaded.keys.find(key_id, algorithm) is not None:
                    self._searched_at = None
            held, failed = self._held, self._failed_at is not None
        key = held.keys.find(key_id, algorithm) if held else None
        if key is not None:
            return key
        if failed:
            self._give_up()
        raise KeyUnknown

    def _give_up(self) -> NoReturn:
        raise KeysUnavailable(f"no keys of issuer {self._issuer.name}: {self._problem}")

    def _load(self, seconds: float) -> _Held | None:
        """Fetch, within so many seconds. Only ever called by the one whose turn it is."""
        try:
            found = self._fetched(self._monotonic() + seconds)
        except (FetchFailed, KeySetMalformed) as error:
            self._counts.add(failed=True)
            self._problem = str(error)
            self._failed_at = self._monotonic()
            return None
        self._counts.add(failed=False)
        self._held = _Held(found, self._wall(), self._monotonic())
        self._failed_at = None
        return self._held

    def _fetched(self, deadline: float) -> KeySet:
        if self._fetch is not None:
            document = self._document(self._fetch, self._fetch, deadline)
        else:
            with Session() as session:
                document = self._document(session.get, partial(session.get, last=True), deadline)
        # Imported once the document is here: at a cold start, other threads import cryptography meanwhile.
        from authorizer import keys  # noqa: PLC0415

        return keys.parse(document, self._issuer.algorithms)

    def _document(self, fetch: Fetch, fetch_last: Fetch, deadline: float) -> bytes:
        """The key set's document, fetched from where the settings or the discovery document say."""
        url = self._issuer.key_url or self._discovered(fetch, deadline)
        return fetch_last(url, deadline - self._monotonic())

    def _discovered(self, fetch: Fetch, deadline: float) -> str:
        raw = fetch(self._issuer.url.rstrip("/") + DISCOVERY, deadline - self._monotonic())
        try:
            found = msgspec.convert(strict_json.document(raw, "discovery"), _Discovery)
        except msgspec.ValidationError:
            raise KeySetMalformed("not a discovery document") from None
        if found.issuer != self._issuer.url:
            raise KeySetMalformed("the discovery document is another issuer's")
        self._check_key_url(found.jwks_uri)
        return found.jwks_uri

    def _check_key_url(self, url: str) -> None:
        """Check a URL that an issuer chose. One that is rejected is not quoted, because messages reach the log."""
        try:
            endpoint = parse_endpoint(url if len(url) <= MAX_URL else "")
        except ValueError:
            raise KeySetMalformed(f"jwks_uri must be an https URL of at most {MAX_URL} characters") from None
        # Lambda's Runtime API answers on loopback.
        if endpoint.is_loopback and not parse_endpoint(self._issuer.url).is_loopback:
            raise KeySetMalformed("jwks_uri must not be a loopback address") from None

    def _age(self, held: _Held) -> float:
        return max(self._monotonic() - held.monotonic, self._wall() - held.wall)

    def _recently(self, at: float | None, seconds: float) -> bool:
        return at is not None and self._monotonic() - at < seconds


class KeySources:
    """The key source of each issuer, by the issuer's URL, and the fetches of all of them."""

    def __init__(self, settings: DeploymentSettings, fetch: Fetch | None = None, clock: Clock = SYSTEM) -> None:
        self.counts = FetchCounter()
        self.by_url = {
            issuer.url: KeySource(issuer, settings.keys, fetch, clock, self.counts) for issuer in settings.issuers
        }
