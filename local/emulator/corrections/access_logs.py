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
    request = current_request()
    settings: dict[str, str] = (request.stage.get("accessLogSettings") if request else None) or {}
    if request and settings.get("destinationArn") and settings.get("format"):
        _write(settings["destinationArn"], _line(settings["format"], request, response), request)
    return response


def _line(template: str, request: GatewayRequest, response: Response) -> str:
    status, _, body = response
    values = {
        **context_variables(request),
        "status": str(status),
        "responseLength": str(len(body)),
        "responseLatency": str(int((time.time() - request.started) * 1000)),
    }
    return _VARIABLE.sub(lambda match: values.get(match[1]) or "-", template)


def _write(destination_arn: str, line: str, request: GatewayRequest) -> None:
    group = destination_arn.partition(":log-group:")[2].removesuffix(":*")
    stream = hashlib.sha256(f"{request.api_id}/{request.stage_name}".encode()).hexdigest()[:32]
    names: dict[str, Any] = {"logGroupName": group, "logStreamName": stream}
    internal(LOGS, "_create_log_stream")(names)  # returns an error if the stream exists or the group does not
    event = {"timestamp": int(request.started * 1000), "message": line}
    internal(LOGS, "_put_log_events")({**names, "logEvents": [event]})
