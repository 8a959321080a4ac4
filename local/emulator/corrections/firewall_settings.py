"""The log of a web ACL and its data protection.

AWS: PutLoggingConfiguration replaces the log of a web ACL, whose log group has a name that starts with `aws-waf-logs-`
(AWS, "Sending protection pack (web ACL) traffic logs to an Amazon CloudWatch Logs log group"), and GetWebACL returns
the web ACL's data protection. MiniStack has no operations for logs and drops the data protection. No lines are written
to the log, because MiniStack evaluates no web ACL.
"""

from __future__ import annotations

from typing import Any

from local.emulator.ministack_internals import FIREWALL, Original, Response, add_operations, internal, patch

_PROTECTION = "DataProtectionConfig"

_logs: dict[str, dict[str, Any]] = {}
"""The logging configurations by the ARNs of their web ACLs."""


def apply() -> None:
    """Add the operations of logs, and keep the data protection."""
    add_operations(
        FIREWALL,
        {"PutLoggingConfiguration": _put, "GetLoggingConfiguration": _get, "DeleteLoggingConfiguration": _delete},
    )
    patch(FIREWALL, "create_web_acl_record", _create)
    patch(FIREWALL, "_update_web_acl", _update)


def _create(original: Original, name: str, scope: str, data: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    created: tuple[str, str, dict[str, Any]] = original(name, scope, data)
    created[2].update({_PROTECTION: data[_PROTECTION]} if _PROTECTION in data else {})
    return created


def _update(original: Original, data: dict[str, Any]) -> Response:
    response: Response = original(data)
    acl = internal(FIREWALL, "web_acl_record")(data["Id"], data["Scope"])
    if response[0] == 200 and acl:  # noqa: PLR2004  the status
        acl.pop(_PROTECTION, None)
        acl.update({_PROTECTION: data[_PROTECTION]} if _PROTECTION in data else {})
    return response


def _put(data: dict[str, Any]) -> Response:
    given: dict[str, Any] = data["LoggingConfiguration"]
    if not all(":log-group:aws-waf-logs-" in arn for arn in given["LogDestinationConfigs"]):
        return _error(
            "WAFInvalidParameterException", "The ARN isn't valid. A valid log group starts with aws-waf-logs-"
        )
    _, missing = internal(FIREWALL, "_resolve_local_web_acl")(given["ResourceArn"])
    if missing:
        return missing
    _logs[given["ResourceArn"]] = given
    return _json({"LoggingConfiguration": given})


def _get(data: dict[str, Any]) -> Response:
    found = _logs.get(data["ResourceArn"])
    return _json({"LoggingConfiguration": found}) if found else _missing()


def _delete(data: dict[str, Any]) -> Response:
    return _json({}) if _logs.pop(data["ResourceArn"], None) else _missing()


def _json(value: dict[str, Any]) -> Response:
    return internal(FIREWALL, "json_response")(value)


def _missing() -> Response:
    return _error("WAFNonexistentItemException", "AWS WAF could not find a log of the web ACL.")


def _error(code: str, message: str) -> Response:
    return internal(FIREWALL, "error_response_json")(code, message, 400)
