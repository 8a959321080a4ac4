"""Every request leaves a line in the stage's access log.

AWS: a stage with access log settings writes one event per request to the log group of `destinationArn`, made from
`format` by substituting `$context` variables; one without a value is `-`. MiniStack stores the settings and writes
nothing.
"""

from __future__ import annotations

import hashlib
import re
import time
from typing import TYPE_CHECKING, Any

from local.emulator.context_variables import context_variables
from local.emulator.ministack_internals import LOGS, REST, Answer, Original, around, reach
from local.emulator.serving import served

if TYPE_CHECKING:
    from local.emulator.serving import ServedRequest

_VARIABLE = re.compile(r"\$context\.([A-Za-z]\w*(?:\.[A-Za-z]\w*)*)")


def apply() -> None:
    """Write the line when the answer is made."""
    around(REST, "_handle_execute_in_scope", _serve)


async def _serve(original: Original, *arguments: object) -> Answer:
    answer: Answer = await original(*arguments)
    request = served()
    settings: dict[str, str] = (request.stage.get("accessLogSettings") if request else None) or {}
    if request and settings.get("destinationArn") and settings.get("format"):
        _write(settings["destinationArn"], _line(settings["format"], request, answer), request)
    return answer


def _line(template: str, request: ServedRequest, answer: Answer) -> str:
    status, _, body = answer
    values = {
        **context_variables(request),
        "status": str(status),
        "responseLength": str(len(body)),
        "responseLatency": str(int((time.time() - request.started) * 1000)),
    }
    return _VARIABLE.sub(lambda match: values.get(match[1]) or "-", template)


def _write(destination_arn: str, line: str, request: ServedRequest) -> None:
    group = destination_arn.partition(":log-group:")[2].removesuffix(":*")
    stream = hashlib.sha256(f"{request.api_id}/{request.stage_name}".encode()).hexdigest()[:32]
    names: dict[str, Any] = {"logGroupName": group, "logStreamName": stream}
    reach(LOGS, "_create_log_stream")(names)  # answers an error where the stream exists, or the group does not
    event = {"timestamp": int(request.started * 1000), "message": line}
    reach(LOGS, "_put_log_events")({**names, "logEvents": [event]})
