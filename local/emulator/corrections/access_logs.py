"""Access logs: every request adds a line to the stage's access log.

AWS: a stage with access log settings writes one event per request to the log group `destinationArn`. The event is
`format` with its `$context` variables substituted; a variable without a value becomes `-`. MiniStack stores the
settings and writes nothing.
"""

from __future__ import annotations

import hashlib
import re
import time
from typing import TYPE_CHECKING, Any

from local.emulator.context_variables import context_variables
from local.emulator.data_plane import current_request
from local.emulator.ministack_internals import LOGS, REST, Original, Response, internal, patch

if TYPE_CHECKING:
    from local.emulator.data_plane import GatewayRequest

_VARIABLE = re.compile(r"\$context\.([A-Za-z]\w*(?:\.[A-Za-z]\w*)*)")


def apply() -> None:
    """Write a line after each response."""
    patch(REST, "_handle_execute_in_scope", _handle)


async def _handle(original: Original, *arguments: object) -> Response:
    response: Response = await original(*arguments)
    if request := current_request():
        settings: dict[str, str] = request.stage.get("accessLogSettings") or {}
        write_line(settings, _variables(request, response), request.api_id, request.stage_name, request.started)
    return response


def _variables(request: GatewayRequest, response: Response) -> dict[str, str]:
    status, _, body = response
    return {
        **context_variables(request),
        "status": str(status),
        "responseLength": str(len(body)),
        "responseLatency": str(int((time.time() - request.started) * 1000)),
    }


def write_line(
    settings: dict[str, str], variables: dict[str, str], api_id: str, stage_name: str, started: float
) -> None:
    """Write a request's line to the log group of a stage's access log settings, if it has any.

    `variables` are the `$context` variables by their names without `$context.`; `started` is in seconds since 1970.
    """
    if not (settings.get("destinationArn") and settings.get("format")):
        return
    line = _VARIABLE.sub(lambda match: variables.get(match[1]) or "-", settings["format"])
    group = settings["destinationArn"].partition(":log-group:")[2].removesuffix(":*")
    stream = hashlib.sha256(f"{api_id}/{stage_name}".encode()).hexdigest()[:32]
    names: dict[str, Any] = {"logGroupName": group, "logStreamName": stream}
    internal(LOGS, "_create_log_stream")(names)  # returns an error if the stream exists or the group does not
    internal(LOGS, "_put_log_events")({**names, "logEvents": [{"timestamp": int(started * 1000), "message": line}]})
