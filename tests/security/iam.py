"""An independent IAM policy evaluator: MiniStack's, in its own environment."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PYTHON = Path(__file__).parents[2] / ".venv-emulator" / "bin" / "python"

PROGRAM = r"""
import functools, json, re, sys
from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document, validate_policy_document

@functools.cache
def compiled(pattern, ignore_case):  # MiniStack's wildcards do not match line feeds
    regex = "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern)
    return re.compile(rf"(?s:{regex})\Z", re.IGNORECASE if ignore_case else 0)

iam_evaluator._fnmatch_compile = compiled
for line in sys.stdin:
    policy, resources = json.loads(line)
    assert validate_policy_document(policy) is None, validate_policy_document(policy)
    statements = parse_policy_document(policy)
    print(json.dumps([
        evaluate(EvalContext("p", "User", "1", "execute-api:Invoke", resource, "r"), [statements]).decision == "Allow"
        for resource in resources
    ]), flush=True)
"""


class Evaluator:
    """Evaluates which resources a policy allows to be invoked."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [PYTHON, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=60)

    def allowed(self, policy: Mapping[str, Any], resources: Iterable[str]) -> set[str]:
        """Return the resources that the policy allows now."""
        tested = list(resources)
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([policy, tested]) + "\n")
        process.stdin.flush()
        decisions = json.loads(process.stdout.readline())
        return {resource for resource, yes in zip(tested, decisions, strict=True) if yes}
