"""One line per decision: structured, with its metrics in CloudWatch's embedded format, without personal data.

Lambda filters JSON lines by `level` only where they have a valid `timestamp` (AWS, "Log-level filtering").
"""

import os
import sys
from collections.abc import Callable

import msgspec

from authorizer import policy
from authorizer.decision import Decision
from authorizer.key_source import FetchCounter
from authorizer.settings import DeploymentSettings

NAMESPACE = "Gatehouse"

_DIRECTIVES = msgspec.Raw(
    msgspec.json.encode(
        [
            {
                "Namespace": NAMESPACE,
                "Dimensions": [["project", "stack", "outcome"]],
                "Metrics": [{"Name": "Decisions", "Unit": "Count"}],
            },
            {
                "Namespace": NAMESPACE,
                "Dimensions": [["project", "stack"]],
                "Metrics": [
                    {"Name": "CacheHits", "Unit": "Count"},
                    {"Name": "KeyFetches", "Unit": "Count"},
                    {"Name": "KeyFetchFailures", "Unit": "Count"},
                    {"Name": "RevocationFailures", "Unit": "Count"},
                    {"Name": "Latency", "Unit": "Milliseconds"},
                ],
            },
        ]
    )
)


class Metadata(msgspec.Struct, frozen=True):
    """What the embedded format asks for; the timestamp is in milliseconds since 1970."""

    timestamp: int = msgspec.field(name="Timestamp")
    directives: msgspec.Raw = msgspec.field(name="CloudWatchMetrics", default=_DIRECTIVES)


class Record(msgspec.Struct):
    """What a line says of a decision: the key once it is found, the client once it is authentic.

    From `cached` on, the members are metrics; `latency` is in milliseconds.
    """

    timestamp: str = ""
    level: str = "INFO"
    outcome: str = "fault"
    reason: str = "ok"
    claim: str | None = None
    issuer: str | None = None
    key_id: str | None = None
    client: str | None = None
    decision_id: str = ""
    metadata: Metadata | None = msgspec.field(name="_aws", default=None)
    cached: int = msgspec.field(name="CacheHits", default=0)
    fetches: int = msgspec.field(name="KeyFetches", default=0)
    failures: int = msgspec.field(name="KeyFetchFailures", default=0)
    unchecked: int = msgspec.field(name="RevocationFailures", default=0)
    latency: float = msgspec.field(name="Latency", default=0.0)

    def of(self, decision: Decision) -> None:
        """Say what was decided about an authentic caller."""
        self.outcome, self.reason = ("deny", decision.error) if decision.error else ("allow", "ok")
        self.issuer, self.client, self.key_id = decision.caller.issuer, decision.caller.client, decision.key_id


def write(line: bytes) -> None:
    """Write a line to standard output, from where Lambda takes it: in one system call, so that lines never mix."""
    os.write(sys.stdout.fileno(), line)


class DecisionLog:
    """Writes the records of one authorizer."""

    def __init__(
        self, settings: DeploymentSettings, counts: FetchCounter, emit: Callable[[bytes], None] = write
    ) -> None:
        constant = {"message": "decision", "project": settings.project, "stack": settings.stack, "Decisions": 1}
        # Only what differs between lines is encoded for each of them.
        self._constant = msgspec.json.encode(constant)[:-1] + b","
        self._encode = msgspec.json.Encoder().encode
        self._counts = counts
        self._emit = emit

    def write(self, record: Record, now: float, seconds: float) -> None:
        """Log a decision made at `now` (seconds since 1970) that took so many seconds."""
        record.timestamp = policy.rfc3339(int(now))
        record.metadata = Metadata(int(now * 1000))
        record.latency = round(seconds * 1000, 3)
        if record.outcome == "fault":
            record.level = "ERROR"
        if self._counts.fetches:
            record.fetches, record.failures = self._counts.take()
        self._emit(self._constant + self._encode(record)[1:] + b"\n")
