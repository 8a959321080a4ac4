"""Evaluation of an authorizer's complete policy.

AWS: a Lambda authorizer returns an IAM policy. API Gateway evaluates it as IAM does, for `execute-api:Invoke` on the
method's ARN: Action, NotAction, Resource, NotResource and Condition, with precedence for an explicit Deny. A cached
policy is evaluated again for each request. MiniStack considers only Effect and Resource, although it contains an IAM
evaluator.
"""

from __future__ import annotations

from typing import Any

from local.emulator.ministack_internals import POLICIES, REST, internal, patch


def apply() -> None:
    """Use MiniStack's IAM evaluator."""
    patch(REST, "_evaluate_policy", evaluate)


def evaluate(_original: object, document: dict[str, Any], method_arn: str) -> str:
    """Return Allow, Deny (by a statement) or NoMatch."""
    # `*` matches any character, but a line break (of an HTTP API's decoded path) ends a match of MiniStack's evaluator.
    method_arn = method_arn.replace("\n", " ")
    _, _, _, region, account, _ = method_arn.split(":", 5)
    context = internal(POLICIES, "EvalContext")("*", "Anonymous", account, "execute-api:Invoke", method_arn, region)
    statements = internal(POLICIES, "parse_policy_document")(document)
    decision = internal(POLICIES, "evaluate")(context, [statements]).decision
    return decision if decision in ("Allow", "Deny") else "NoMatch"
