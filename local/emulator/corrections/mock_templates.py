"""Velocity templates of mock integrations.

AWS: the request template, selected by the request's Content-Type, is a Velocity template that must render a
`statusCode`; otherwise the response is 500. The status selects the integration response whose pattern matches. Its
template is also Velocity, may set `$context.responseOverride.header.<name>` and `.status`, and renders the body, which
may be empty. MiniStack searches the source of the request template for a status, and returns the source of the response
template, or `{}`.
"""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from local.emulator.context_variables import context_variables
from local.emulator.data_plane import current_request, gateway_error
from local.emulator.ministack_internals import REST, GatewayError, Original, Response, internal, json_object, patch

if TYPE_CHECKING:
    from local.emulator.data_plane import GatewayRequest

_JSON = "application/json"
_STATUS = re.compile(r'"?statusCode"?\s*:\s*"?(\d{3})\b')


def apply() -> None:
    """Render the templates."""
    patch(REST, "_invoke_mock_v1", _invoke)


def _invoke(original: Original, integration: dict[str, Any]) -> Response | GatewayError:
    request = current_request()
    if request is None:
        return original(integration)
    rendered, _ = _render(_template(json_object(integration.get("requestTemplates")) or {}, request), request)
    status_code = _STATUS.search(rendered)
    responses: dict[str, dict[str, Any]] = integration.get("integrationResponses") or {}
    if status_code is None or not responses:
        return gateway_error("API_CONFIGURATION_ERROR")
    status, headers, key = original(_with_keys_as_bodies(integration, status_code[1], responses))
    response = responses.get(key.decode(), {})
    template = (json_object(response.get("responseTemplates")) or {}).get(_JSON) or ""
    body, override = _render(template, request)
    return int(override.get("status", status)), {**headers, **override["header"]}, body.strip().encode()


def _with_keys_as_bodies(
    integration: dict[str, Any], status: str, responses: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return an integration from which MiniStack selects a response by this status; each body is the response's key."""
    labelled = {key: {**response, "responseTemplates": {_JSON: key}} for key, response in responses.items()}
    request_templates = {_JSON: f'{{"statusCode": {status}}}'}
    return {**integration, "requestTemplates": request_templates, "integrationResponses": labelled}


def _template(templates: dict[str, str], request: GatewayRequest) -> str:
    content_type = request.headers.get("content-type", _JSON).partition(";")[0].strip().lower()
    return templates.get(content_type) or ""


def _render(template: str, request: GatewayRequest) -> tuple[str, dict[str, Any]]:
    """Return the rendered template and its overrides."""
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

    def __init__(self, request: GatewayRequest) -> None:
        self.body = request.body.decode("utf-8", errors="replace")
        self._path: dict[str, str] = request.record.get("path_params") or {}
        self._query = {name: values[-1] for name, values in request.query.items()}
        self._headers = request.headers

    def params(self, name: str | None = None) -> object:
        """Return a path, query or header parameter, in this order of precedence, or all of them if there is no name."""
        if name is None:
            return {"path": self._path, "querystring": self._query, "header": self._headers}
        return self._path.get(name) or self._query.get(name) or self._headers.get(name.lower(), "")

    def path(self, expression: str) -> object:
        """Return the body's value at a JSONPath."""
        return internal(REST, "_vtl_json_path")(self.body, expression)

    def json(self, expression: str) -> str:
        """Return the body's value at a JSONPath, as JSON."""
        return json.dumps(self.path(expression))
