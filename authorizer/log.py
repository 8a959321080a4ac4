"""One log line per decision: structured, with metrics in CloudWatch's embedded metric format, without personal data.

Lambda filters JSON lines by `level` only if they have a valid `timestamp` (AWS, "Log-level filtering").
"""

import os
import sys
from collections.abc import Callable
from itertools import chain, repeat

import msgspec
from msgspec import field

from authorizer.errors import AuthorizerError, NotAuthentic, RevocationsUnavailable
from authorizer.key_source import FetchCounter
from authorizer.policy import rfc3339
from authorizer.settings import DeploymentSettings

NAMESPACE = "Gatehouse"

_IN_ADVANCE = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "provisioned-concurrency"
"""Whether Lambda starts processes before there are requests for them."""

_COUNTERS = ("CacheHits", "ColdStarts", "KeyFetches", "KeyFetchFailures", "RevocationFailures")
_METRICS = [{"Name": name, "Unit": "Count"} for name in _COUNTERS] + [{"Name": "Latency", "Unit": "Milliseconds"}]
_BY_OUTCOME = [{"Name": "Decisions", "Unit": "Count"}]
_DIRECTIVES = msgspec.Raw(
    msgspec.json.encode(
        [
            {"Namespace": NAMESPACE, "Dimensions": [["project", "stack", "outcome"]], "Metrics": _BY_OUTCOME},
            {"Namespace": NAMESPACE, "Dimensions": [["project", "stack"]], "Metrics": _METRICS},
        ]
    )
)


class Metadata(msgspec.Struct, frozen=True):
    """The metadata of the embedded metric format; the timestamp is in milliseconds since 1970."""

    timestamp: int = field(name="Timestamp")
    directives: msgspec.Raw = field(name="CloudWatchMetrics", default=_DIRECTIVES)


class Record(msgspec.Struct, frozen=True):
    """A decision as it is logged: with the issuer and the key if they are known, and the client if the token is valid.

    `cached` and `unchecked` (the denylist could not be read) are metrics, 0 or 1.
    """

    outcome: str
    reason: str
    claim: str | None
    issuer: str | None
    key_id: str | None
    client: str | None
    cached: int = field(name="CacheHits")
    unchecked: int = field(name="RevocationFailures")

    @classmethod
    def of_error(cls, error: AuthorizerError) -> "Record":
        """Return the record of a request that was rejected or could not be decided."""
        outcome = "unauthorized" if isinstance(error, NotAuthentic) else "fault"
        unchecked = int(isinstance(error, RevocationsUnavailable))
        return cls(outcome, error.reason, error.claim, error.issuer, error.key_id, None, error.cached, unchecked)


class _Envelope(msgspec.Struct, frozen=True):
    """The part of a line that is known when it is written. `latency` is in milliseconds."""

    timestamp: str
    level: str
    decision_id: str
    metadata: Metadata = field(name="_aws")
    cold_starts: int = field(name="ColdStarts")
    fetches: int = field(name="KeyFetches")
    failures: int = field(name="KeyFetchFailures")
    latency: float = field(name="Latency")


def write(line: bytes) -> None:
    """Write a line to standard output in one system call, so that the lines of different threads are not mixed."""
    os.write(sys.stdout.fileno(), line)


class DecisionLog:
    """Writes the log lines of one authorizer."""

    def __init__(
        self, settings: DeploymentSettings, fetches: FetchCounter, emit: Callable[[bytes], None] = write
    ) -> None:
        constant = {"message": "decision", "project": settings.project, "stack": settings.stack, "Decisions": 1}
        self._constant = msgspec.json.encode(constant)[:-1] + b","
        self._encode = msgspec.json.Encoder().encode
        self._fetches = fetches
        self._emit = emit
        # A new log starts with each process, and with each restore from a snapshot.
        self._cold_starts = chain((0 if _IN_ADVANCE else 1,), repeat(0))

    def write(self, record: Record, decision_id: str, now: float, duration: float) -> None:
        """Log a decision that was made at `now` (seconds since 1970) and took `duration` seconds."""
        fetches, failures = self._fetches.reset() if self._fetches.fetches else (0, 0)
        envelope = _Envelope(
            rfc3339(int(now)),
            "ERROR" if record.outcome == "fault" else "INFO",
            decision_id,
            Metadata(int(now * 1000)),
            next(self._cold_starts),
            fetches,
            failures,
            round(duration * 1000, 3),
        )
        self._emit(self._constant + self._encode(envelope)[1:-1] + b"," + self._encode(record)[1:] + b"\n")
