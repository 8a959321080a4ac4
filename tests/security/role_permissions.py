"""What a role may do with its policies and its boundary, by MiniStack's evaluator in its own environment."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.security.iam import PYTHON

PROGRAM = """
import json, sys
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document, validate_policy_document
policies, boundary, requests = json.load(sys.stdin)
for each in (*policies, *boundary):
    assert validate_policy_document(each) is None, validate_policy_document(each)
allowed, limits = [[parse_policy_document(each) for each in layer] for layer in (policies, boundary)]
print(json.dumps([
    evaluate(
        EvalContext(
            "p", "AssumedRole", "123456789012", action, resource, "us-east-1",
            service_context={key.lower(): value for key, value in context.items()},
        ),
        allowed, *([limits] if limits else []),
    ).decision == "Allow"
    for action, resource, context in requests
]))
"""


@dataclass(frozen=True)
class Request:
    """An action on a resource, with the values of the condition keys of its service."""

    action: str
    resource: str
    context: dict[str, Any] = field(default_factory=dict[str, Any])

    def __str__(self) -> str:
        return f"{self.action} {self.resource}"


def allowed(
    requests: Sequence[Request], policies: Sequence[dict[str, Any]], boundary: dict[str, Any] | None = None
) -> list[Request]:
    """Return the requests that the policies allow, and the boundary if there is one."""
    tested = [[each.action, each.resource, each.context] for each in requests]
    done = subprocess.run(
        [PYTHON, "-c", PROGRAM],
        input=json.dumps([policies, [boundary] if boundary else [], tested]),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [each for each, yes in zip(requests, json.loads(done.stdout), strict=True) if yes]
