"""Gateway responses can say what the authorizer said, and every other `$context` variable.

AWS: in a gateway response's template and headers `$context.authorizer.<key>`, `$context.authorizer.principalId` and
the other `$context` variables are substituted, once and in the template only; an unknown one renders empty. That holds
for ACCESS_DENIED and for cached decisions too. MiniStack knows six variables and leaves the others as they are
written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.emulator.context_variables import context_variables
from local.emulator.ministack_internals import REST, Original, around, reach
from local.emulator.serving import served

if TYPE_CHECKING:
    import re
    from collections.abc import Callable


def apply() -> None:
    """Substitute every variable."""
    around(REST, "_gateway_request_value", _header_value)
    rest = reach(REST)
    rest._GATEWAY_TEMPLATE_VARIABLE = _Variables(rest._GATEWAY_TEMPLATE_VARIABLE)  # noqa: SLF001


def _header_value(original: Original, source: str, record: dict[str, Any]) -> str | None:
    request = served()
    if request and source.startswith("context."):
        return context_variables(request).get(source.removeprefix("context."))
    return original(source, record)


class _Variables:
    """Stands in for MiniStack's compiled expression and answers for the variables that it does not know."""

    def __init__(self, expression: re.Pattern[str]) -> None:
        self._expression = expression

    def sub(self, known: Callable[[re.Match[str]], str], template: str) -> str:
        """The template with every variable substituted, in one pass."""
        request = served()
        others = context_variables(request) if request else {}

        def value(match: re.Match[str]) -> str:
            rendered = known(match)
            name = (match[1] or match[2]).removeprefix("context.")
            return others.get(name, "") if rendered == match[0] else rendered

        return self._expression.sub(value, template)
