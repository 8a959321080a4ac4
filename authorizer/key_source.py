"""An issuer's keys, kept fresh: fetched by the request that finds them old, by no more than one at a time.

A Lambda function is frozen between requests and runs no threads then, so age is looked at in each request, by both
clocks: the monotonic one may stand still while the process is frozen or restored from a snapshot.
"""

import threading
from collections.abc import Callable
from typing import NoReturn

import msgspec

from authorizer import fetch as http
from authorizer import keys
from authorizer.clock import SYSTEM, Clock
from authorizer.errors import KeysUnavailable, KeyUnknown
from authorizer.keys import Key, KeySet
from authorizer.settings import Issuer, KeyTimes

DISCOVERY = "/.well-known/openid-configuration"
"""OpenID Connect Discovery 1.0 §4."""

Fetch = Callable[[str, float], bytes]
"""A document by its URL, in at most so many seconds. Raises FetchFailed."""


class _Held(msgspec.Struct, frozen=True):
    keys: KeySet
    wall: float
    monotonic: float


class _Discovery(msgspec.Struct):
    issuer: str
    jwks_uri: str


_discovery = msgspec.json.Decoder(_Discovery)


class KeySource:
    """The keys of one issuer.

    A key that is known is found without waiting, unless this very request refreshes the set (for at most `patience`
    seconds). A key id that is not known is looked for at the issuer, and once one was not found there, not again within
    `cooldown`. While the issuer is down, the keys serve on up to `limit`.
    """

    def __init__(self, issuer: Issuer, times: KeyTimes, fetch: Fetch = http.get, clock: Clock = SYSTEM) -> None:
        self.fetches = 0
        self.failures = 0
        self._issuer = issuer
        self._times = times
        self._fetch = fetch
        self._clock = clock
        self._held: _Held | None = None
        self._turn = threading.Lock()
        self._problem = ""
        self._failed_at: float | None = None
        self._searched_at: float | None = None

    def find(self, key_id: str | None, algorithm: str) -> Key:
        """The key for a token's header. Raises KeyUnknown, or KeysUnavailable where that cannot be told."""
        first = held = self._held
        if held is None or self._age(held) >= self._times.refresh:
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
        if held is None or (age := self._age(held)) >= self._times.limit:
            return self._awaited()
        if age >= self._times.refresh and not self._recently(self._failed_at, self._times.retry):
            self._refresh()
            return self._held or held
        return held

    def _refresh(self) -> None:
        """Replace keys that still serve. Who comes while another does it goes on with the old ones."""
        if not self._turn.acquire(blocking=False):
            return
        try:
            held = self._held
            if held is None or self._age(held) >= self._times.refresh:
                self._load(self._times.patience)
        finally:
            self._turn.release()

    def _awaited(self) -> _Held:
        """Keys where there are none to go on with. All who come wait for one fetch, and share its failure."""
        with self._turn:
            held = self._held
            if held is not None and self._age(held) < self._times.limit:
                return held
            if self._recently(self._failed_at, self._times.retry):
                self._give_up()
            return self._load(self._times.deadline) or self._give_up()

    def _search(self, key_id: str | None, algorithm: str, first: _Held | None) -> Key:
        """A key that the set does not have, once it is fetched again: if that is due, and the set is still the first.

        A search that finds its key does not put off the next: only the issuer can bring one about. While fetches fail,
        nobody knows whether there is such a key.
        """
        with self._turn:
            if self._held is first and not self._recently(self._searched_at, self._times.cooldown):
                self._searched_at = self._clock.monotonic()
                loaded = self._load(self._times.deadline)
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
        self.fetches += 1
        try:
            found = self._fetched(self._clock.monotonic() + seconds)
        except (http.FetchFailed, keys.KeySetMalformed) as error:
            self.failures += 1
            self._problem = str(error)
            self._failed_at = self._clock.monotonic()
            return None
        self._held = _Held(found, self._clock.wall(), self._clock.monotonic())
        self._failed_at = None
        return self._held

    def _fetched(self, deadline: float) -> KeySet:
        url = self._issuer.key_url or self._discovered(deadline)
        return keys.parse(self._fetch(url, deadline - self._clock.monotonic()), self._issuer.algorithms)

    def _discovered(self, deadline: float) -> str:
        raw = self._fetch(self._issuer.url.rstrip("/") + DISCOVERY, deadline - self._clock.monotonic())
        try:
            found = _discovery.decode(raw)
        except (msgspec.DecodeError, RecursionError, ValueError):
            raise keys.KeySetMalformed("not a discovery document") from None
        if found.issuer != self._issuer.url:
            raise keys.KeySetMalformed("the discovery document is another issuer's")
        return found.jwks_uri

    def _age(self, held: _Held) -> float:
        return max(self._clock.monotonic() - held.monotonic, self._clock.wall() - held.wall)

    def _recently(self, at: float | None, seconds: float) -> bool:
        return at is not None and self._clock.monotonic() - at < seconds
