"""What an authorizer returns is checked before it counts.

AWS: the output is an object with a policy, whose context holds strings, numbers and booleans only ("you can't set a
JSON object or array as a valid value of any key in the context map"), of at most 8 KB; a statement needs an Effect, an
Action and a Resource. Anything else is AUTHORIZER_CONFIGURATION_ERROR and is not cached. MiniStack drops objects from
the context, takes a policy of any size, and passes over statements that it does not understand.
"""

from __future__ import annotations

import json
from typing import Any, cast

from local.emulator.ministack_internals import REST, Original, Result, around, mapping

_MAXIMUM_BYTES = 8192


def apply() -> None:
    """Refuse what AWS refuses."""
    around(REST, "_invoke_authorizer_lambda", _invoke)


async def _invoke(original: Original, *arguments: object) -> Result:
    result: Result = await original(*arguments)
    if not result or result.get("error") or _is_well_formed(mapping(result.get("body"))):
        return result
    return {**result, "body": None}  # which MiniStack answers with AUTHORIZER_CONFIGURATION_ERROR


def _is_well_formed(output: dict[str, Any] | None) -> bool:
    if output is None or len(json.dumps(output, separators=(",", ":"))) > _MAXIMUM_BYTES:
        return False
    context = mapping(output.get("context") or {})
    policy = mapping(output.get("policyDocument"))
    if context is None or policy is None or any(isinstance(value, dict | list) for value in context.values()):
        return False
    return all(_is_statement(mapping(statement)) for statement in _statements(policy))


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
