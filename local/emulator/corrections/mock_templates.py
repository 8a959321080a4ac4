"""Mock integrations answer what their mapping templates make.

AWS: the request template, chosen by the request's Content-Type, is Velocity and must render a `statusCode`, or the
answer is 500; the integration response whose pattern matches that status is chosen; its template is Velocity too, may
set `$context.responseOverride.header.<name>` and `.status`, and what it renders is the body, also when that is
nothing. MiniStack searches the template's source for a status and sends the other as it is written, or `{}`.
"""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from local.emulator.context_variables import context_variables
from local.emulator.ministack_internals import REST, Answer, GatewayError, Original, around, mapping, reach
from local.emulator.serving import gateway_error, served

if TYPE_CHECKING:
    from local.emulator.serving import ServedRequest

_JSON = "application/json"
_STATUS = re.compile(r'"?statusCode"?\s*:\s*"?(\d{3})\b')


def apply() -> None:
    """Render the templates."""
    around(REST, "_invoke_mock_v1", _invoke)


def _invoke(original: Original, integration: dict[str, Any]) -> Answer | GatewayError:
    request = served()
    if request is None:
        return original(integration)
    rendered, _ = _render(_chosen(mapping(integration.get("requestTemplates")) or {}, request), request)
    stated = _STATUS.search(rendered)
    responses: dict[str, dict[str, Any]] = integration.get("integrationResponses") or {}
    if stated is None or not responses:
        return gateway_error("API_CONFIGURATION_ERROR")
    status, headers, key = original(_labelled(integration, stated[1], responses))
    response = responses.get(key.decode(), {})
    template = (mapping(response.get("responseTemplates")) or {}).get(_JSON) or ""
    body, override = _render(template, request)
    return int(override.get("status", status)), {**headers, **override["header"]}, body.strip().encode()


def _labelled(integration: dict[str, Any], status: str, responses: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The integration as MiniStack chooses from it, each response's body being its own key."""
    labelled = {key: {**response, "responseTemplates": {_JSON: key}} for key, response in responses.items()}
    chosen_by = {_JSON: f'{{"statusCode": {status}}}'}
    return {**integration, "requestTemplates": chosen_by, "integrationResponses": labelled}


def _chosen(templates: dict[str, str], request: ServedRequest) -> str:
    content_type = request.headers.get("content-type", _JSON).partition(";")[0].strip().lower()
    return templates.get(content_type) or ""


def _render(template: str, request: ServedRequest) -> tuple[str, dict[str, Any]]:
    """What the template renders, and what it overrides."""
    from airspeed import Template  # noqa: PLC0415 # pyright: ignore[reportMissingImports, reportUnknownVariableType]

    override: dict[str, Any] = {"header": {}}
    names = {
        "input": _Input(request),
        "context": {**_nested(context_variables(request)), "responseOverride": override},
        "stageVariables": request.stage.get("variables") or {},
        "util": SimpleNamespace(escapeJavaScript=lambda text: json.dumps(str(text))[1:-1], parseJson=json.loads),  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    }
    return str(Template(template).merge(names)), override  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]


def _nested(variables: dict[str, str]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in variables.items():
        *path, last = name.split(".")
        inner = nested
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return nested


class _Input:
    """`$input` in a mapping template."""

    def __init__(self, request: ServedRequest) -> None:
        self.body = request.body.decode("utf-8", errors="replace")
        self._path: dict[str, str] = request.record.get("path_params") or {}
        self._query = {name: values[-1] for name, values in request.query.items()}
        self._headers = request.headers

    def params(self, name: str | None = None) -> object:
        """A parameter from path, query or header, in that order; without a name all of them."""
        if name is None:
            return {"path": self._path, "querystring": self._query, "header": self._headers}
        return self._path.get(name) or self._query.get(name) or self._headers.get(name.lower(), "")

    def path(self, expression: str) -> object:
        """A value of the body by its JSONPath."""
        return reach(REST, "_vtl_json_path")(self.body, expression)

    def json(self, expression: str) -> str:
        """A value of the body by its JSONPath, as JSON."""
        return json.dumps(self.path(expression))
