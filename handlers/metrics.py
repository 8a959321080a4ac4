"""The handlers' metrics, in CloudWatch's embedded metric format: members of the line that is logged for each request.

CloudWatch makes metrics of them without a call or a library (AWS, "Specification: Embedded metric format"). The values
of all dimensions are known at deployment, so clients cannot increase the number of metrics, each of which is billed.
"""

import os
from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from typing import Any

import msgspec

from handlers import clock

METRICS = "METRICS"
"""The environment variable with the metrics' settings, as JSON. Without it, no metrics are logged."""

NAMESPACE = "Gatehouse"

_IN_ADVANCE = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "provisioned-concurrency"
_cold_starts = chain((0 if _IN_ADVANCE else 1,), repeat(0))
"""1 for the first request of a process, unless the process was started in advance; 0 for all others.

A process that is restored from a snapshot continues before its first request, so a restore is a cold start too.
"""


class MetricSettings(msgspec.Struct, frozen=True):
    """The stack that the metrics are of. `by` names the dimensions of a request: `collection`, `operation` or both."""

    project: str
    stack: str
    by: tuple[str, ...]


class Metrics:
    """The metrics of a function's requests."""

    def __init__(self, settings: MetricSettings) -> None:
        self._constant = {"project": settings.project, "stack": settings.stack, "Requests": 1}
        requests = _directive(settings.by, {"Requests": "Count", "ColdStarts": "Count", "Latency": "Milliseconds"})
        self._succeeded = msgspec.Raw(msgspec.json.encode([requests]))
        self._failed = msgspec.Raw(msgspec.json.encode([requests, _directive(["problem"], {"Problems": "Count"})]))

    @classmethod
    def read(cls, variables: Mapping[str, str] = os.environ) -> "Metrics | None":
        """Return the metrics of the environment variables, or None if they are off."""
        return cls(msgspec.json.decode(variables[METRICS], type=MetricSettings)) if METRICS in variables else None

    def members(self, milliseconds: float, *, failed: bool) -> dict[str, Any]:
        """Return the members of a request's line, which must also have those that the dimensions refer to.

        These are `collection` and `operation` and, if the request failed, `problem`.
        """
        return {
            **self._constant,
            "ColdStarts": next(_cold_starts),
            "Latency": milliseconds,
            **({"Problems": 1} if failed else {}),
            "_aws": {"Timestamp": clock.now(), "CloudWatchMetrics": self._failed if failed else self._succeeded},
        }


def _directive(by: Sequence[str], units: Mapping[str, str]) -> dict[str, Any]:
    metrics = [{"Name": name, "Unit": unit} for name, unit in units.items()]
    return {"Namespace": NAMESPACE, "Dimensions": [["project", "stack", *by]], "Metrics": metrics}
