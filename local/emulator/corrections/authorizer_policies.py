"""The whole of an authorizer's policy decides, for each request.

AWS: a Lambda authorizer returns an IAM policy, and API Gateway evaluates it as IAM does, for `execute-api:Invoke` on
the method's ARN: Action, NotAction, Resource, NotResource and Condition, an explicit Deny first; a cached policy is
evaluated again for each request. MiniStack looks at Effect and Resource alone, although it has an evaluator.
"""

from __future__ import annotations

from typing import Any

from local.emulator.ministack_internals import POLICIES, REST, around, reach


def apply() -> None:
    """Let MiniStack's IAM evaluator decide."""
    around(REST, "_evaluate_policy", _evaluate)


def _evaluate(_original: object, document: dict[str, Any], method_arn: str) -> str:
    _, _, _, region, account, _ = method_arn.split(":", 5)
    context = reach(POLICIES, "EvalContext")("*", "Anonymous", account, "execute-api:Invoke", method_arn, region)
    statements = reach(POLICIES, "parse_policy_document")(document)
    decision = reach(POLICIES, "evaluate")(context, [statements]).decision
    return decision if decision in ("Allow", "Deny") else "NoMatch"
