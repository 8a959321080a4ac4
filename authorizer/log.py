"""One line per decision: structured, with its metrics in CloudWatch's embedded format, without personal data."""

import sys
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any

import msgspec

from authorizer import policy
from authorizer.decision import Decision
from authorizer.key_source import KeySource
from authorizer.settings import Settings

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


class Record(msgspec.Struct):
    """What is known of a decision while it is made: the key once it is found, the client once it is authentic.

    `unchecked`: the list of revoked tokens could not be asked.
    """

    outcome: str = "fault"
    reason: str = "ok"
    claim: str | None = None
    issuer: str | None = None
    key_id: str | None = None
    client: str | None = None
    cached: bool = False
    unchecked: bool = False

    def of(self, decision: Decision) -> None:
        """Say what was decided about an authentic caller."""
        self.outcome, self.reason = ("deny", decision.error) if decision.error else ("allow", "ok")
        self.issuer, self.client, self.key_id = decision.caller.issuer, decision.caller.client, decision.key_id


def write(line: str) -> None:
    """A line to standard output, from where Lambda takes it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class DecisionLog:
    """Writes the records of one authorizer."""

    def __init__(self, settings: Settings, sources: Iterable[KeySource], emit: Callable[[str], None] = write) -> None:
        self._settings = settings
        self._sources = tuple(sources)
        self._emit = emit
        self._turn = Lock()
        self._fetches = 0
        self._failures = 0

    def write(self, record: Record, now: float, seconds: float, request_id: str | None) -> None:
        """Log a decision made at `now` (seconds since 1970) that took so many seconds."""
        fetches, failures = self._new_fetches()
        line: dict[str, Any] = {
            "timestamp": policy.rfc3339(int(now)),
            "level": "ERROR" if record.outcome == "fault" else "INFO",
            "message": "decision",
            "request_id": request_id,
            "project": self._settings.project,
            "stack": self._settings.stack,
            "outcome": record.outcome,
            "reason": record.reason,
            "claim": record.claim,
            "issuer": record.issuer,
            "key_id": record.key_id,
            "client": record.client,
            "Decisions": 1,
            "CacheHits": int(record.cached),
            "KeyFetches": fetches,
            "KeyFetchFailures": failures,
            "RevocationFailures": int(record.unchecked),
            "Latency": round(seconds * 1000, 3),
            "_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": _DIRECTIVES},
        }
        self._emit(msgspec.json.encode(line).decode())

    def _new_fetches(self) -> tuple[int, int]:
        """Fetches of keys, and failed ones, since the last line."""
        with self._turn:
            fetches = sum(source.fetches for source in self._sources)
            failures = sum(source.failures for source in self._sources)
            new = fetches - self._fetches, failures - self._failures
            self._fetches, self._failures = fetches, failures
        return new
