"""Identity sources of a REQUEST authorizer that are `$context` variables.

AWS: identity sources may be headers, query strings, stage variables and `$context` variables ("Configure an API Gateway
Lambda authorizer"). Their values are the key of cached policies, and a request without one of them gets 401. MiniStack
treats `$context` variables as missing, so every such request gets 401.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.emulator.context_variables import context_variables
from local.emulator.data_plane import current_request
from local.emulator.ministack_internals import REST, Original, patch

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONTEXT = "context."


def apply() -> None:
    """Resolve `$context` variables."""
    patch(REST, "_request_identity_sources", _resolve)


def _resolve(original: Original, sources: str | None, *parts: Any) -> tuple[bool, list[str]]:
    values = list(_values(original, sources or "", *parts))
    return all(values), values


def _values(original: Original, sources: str, *parts: Any) -> Iterator[str]:
    request = current_request()
    variables = context_variables(request) if request else {}
    for source in filter(None, map(str.strip, sources.split(","))):
        if source.startswith(_CONTEXT):
            yield variables.get(source.removeprefix(_CONTEXT), "")
        else:
            yield from original(source, *parts)[1]
