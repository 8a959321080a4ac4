"""Validation of an authorizer's output.

AWS: the output is an object of at most 8 KB with a policy and a context. The context contains only strings, numbers and
booleans ("you can't set a JSON object or array as a valid value of any key in the context map"), and each statement
requires an Effect, an Action and a Resource. Any other output is an AUTHORIZER_CONFIGURATION_ERROR and is not cached.
MiniStack removes objects from the context, accepts a policy of any size, and ignores invalid statements.
"""

from __future__ import annotations

import json
from typing import Any, cast

from local.emulator.ministack_internals import REST, Original, Result, json_object, patch

_MAXIMUM_BYTES = 8192


def apply() -> None:
    """Reject invalid outputs."""
    patch(REST, "_invoke_authorizer_lambda", _invoke)


async def _invoke(original: Original, *arguments: object) -> Result:
    result: Result = await original(*arguments)
    if not result or result.get("error") or _is_well_formed(json_object(result.get("body"))):
        return result
    return {**result, "body": None}  # MiniStack answers with AUTHORIZER_CONFIGURATION_ERROR


def _is_well_formed(output: dict[str, Any] | None) -> bool:
    context = json_object((output or {}).get("context") or {})
    return is_acceptable(output) and not any(isinstance(value, dict | list) for value in (context or {}).values())


def is_acceptable(output: dict[str, Any] | None) -> bool:
    """Return whether an output is small enough and has a context and a policy with valid statements."""
    if output is None or len(json.dumps(output, separators=(",", ":"))) > _MAXIMUM_BYTES:
        return False
    policy = json_object(output.get("policyDocument"))
    if policy is None or json_object(output.get("context") or {}) is None:
        return False
    return all(_is_statement(json_object(statement)) for statement in _statements(policy))


def _statements(policy: dict[str, Any]) -> list[object]:
    statements: object = policy.get("Statement", [])
    return cast("list[object]", statements) if isinstance(statements, list) else [statements]


def _is_statement(statement: dict[str, Any] | None) -> bool:
    if statement is None or statement.get("Effect") not in ("Allow", "Deny"):
        return False
    return all(
        len(statement.keys() & alternatives) == 1
        for alternatives in ({"Action", "NotAction"}, {"Resource", "NotResource"})
    )
