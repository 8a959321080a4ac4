"""The authorizer's context and all other `$context` variables in gateway responses.

AWS: in a gateway response's template and headers, `$context.authorizer.<key>`, `$context.authorizer.principalId` and
all other `$context` variables are substituted; values are not substituted again, and an unknown variable becomes empty.
This includes ACCESS_DENIED responses and cached decisions. MiniStack substitutes six variables and leaves the others
unchanged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.emulator.context_variables import context_variables
from local.emulator.data_plane import current_request
from local.emulator.ministack_internals import REST, Original, internal, patch

if TYPE_CHECKING:
    import re
    from collections.abc import Callable


def apply() -> None:
    """Substitute all variables."""
    patch(REST, "_gateway_request_value", _header_value)
    rest = internal(REST)
    rest._GATEWAY_TEMPLATE_VARIABLE = _Variables(rest._GATEWAY_TEMPLATE_VARIABLE)  # noqa: SLF001


def _header_value(original: Original, source: str, record: dict[str, Any]) -> str | None:
    request = current_request()
    if request and source.startswith("context."):
        return context_variables(request).get(source.removeprefix("context."))
    return original(source, record)


class _Variables:
    """Replaces MiniStack's compiled expression, and also substitutes the variables that MiniStack does not support."""

    def __init__(self, expression: re.Pattern[str]) -> None:
        self._expression = expression

    def sub(self, known: Callable[[re.Match[str]], str], template: str) -> str:
        """Return the template with all variables substituted, in one pass."""
        request = current_request()
        others = context_variables(request) if request else {}

        def value(match: re.Match[str]) -> str:
            rendered = known(match)
            name = (match[1] or match[2]).removeprefix("context.")
            return others.get(name, "") if rendered == match[0] else rendered

        return self._expression.sub(value, template)
