"""Credentials of the function's role from an endpoint of the runtime.

With SnapStart, the environment contains the endpoint instead of keys, which would expire before a snapshot is restored
(AWS, "Lambda SnapStart", "Container credential provider").
"""

from datetime import datetime

import msgspec

from authorizer.clock import Clock
from authorizer.http.connection import parse_endpoint
from authorizer.http.pool import Pool
from authorizer.http.response import ResponseMalformed
from authorizer.revocation.sigv4 import Credentials

MAX_BYTES = 16_384
EARLY = 300
"""Seconds before their expiry at which credentials are fetched again."""

OK = 200


class CredentialsUnavailable(OSError):
    """The endpoint did not return credentials in time."""


class _Document(msgspec.Struct):
    """The endpoint's response."""

    key_id: str = msgspec.field(name="AccessKeyId")
    secret: str = msgspec.field(name="SecretAccessKey")
    token: str = msgspec.field(name="Token")
    expiration: datetime = msgspec.field(name="Expiration")

    def __repr__(self) -> str:
        return "_Document(…)"


class ContainerCredentials:
    """Fetches credentials and keeps them until shortly before they expire. Thread-safe."""

    def __init__(self, url: str, token: str, clock: Clock) -> None:
        self._pool = Pool(parse_endpoint(url), clock)
        self._token = token
        self._clock = clock
        self._cached: tuple[Credentials, float] | None = None

    def __call__(self, deadline: float) -> Credentials:
        """Return credentials by a deadline (of `time.monotonic`). Raises CredentialsUnavailable."""
        cached = self._cached
        if cached is None or self._clock.wall() >= cached[1] - EARLY:
            try:
                cached = self._cached = self._fetch(deadline)
            except (OSError, ResponseMalformed, ValueError):  # msgspec's errors are ValueErrors
                if cached is None or self._clock.wall() >= cached[1]:
                    raise CredentialsUnavailable from None
        return cached[0]

    def _fetch(self, deadline: float) -> tuple[Credentials, float]:
        endpoint = self._pool.endpoint
        lines = [f"GET {endpoint.path} HTTP/1.1", f"Host: {endpoint.authority}", f"Authorization: {self._token}"]
        head, body = self._pool.exchange("\r\n".join((*lines, "", "")).encode("ascii"), deadline, MAX_BYTES)
        if head.status != OK:
            raise CredentialsUnavailable
        found = msgspec.json.decode(body, type=_Document)
        return Credentials(found.key_id, found.secret, found.token), found.expiration.timestamp()
