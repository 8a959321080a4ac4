"""Corrections: patches that make MiniStack 1.5.33 behave like AWS where it is less strict or lacks a feature.

There is one module per correction, which describes the behaviour of AWS and of MiniStack. Each correction can be left
out, and a test of each shows that it fails without the correction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.emulator import data_plane
from local.emulator.corrections import (
    access_logs,
    authorizer_cache_flush,
    authorizer_context,
    authorizer_output,
    authorizer_policies,
    clean_interpreter,
    deployment_snapshots,
    function_log_levels,
    function_logs,
    lambda_permissions,
    mock_templates,
    payload_limits,
    proxy_events,
    proxy_responses,
    remapped_headers,
    request_models,
    typed_updates,
    unauthorized_exactly,
    usage_identifier_keys,
    worker_survives,
)

if TYPE_CHECKING:
    from collections.abc import Callable

# In the order of their application: a later correction wraps the earlier ones.
CORRECTIONS: dict[str, Callable[[], None]] = {
    "authorizer-policies": authorizer_policies.apply,
    "authorizer-output": authorizer_output.apply,
    "unauthorized-exactly": unauthorized_exactly.apply,
    "authorizer-context": authorizer_context.apply,
    "authorizer-cache-flush": authorizer_cache_flush.apply,
    "usage-identifier-keys": usage_identifier_keys.apply,
    "deployment-snapshots": deployment_snapshots.apply,
    "proxy-events": proxy_events.apply,
    "proxy-responses": proxy_responses.apply,
    "remapped-headers": remapped_headers.apply,
    "lambda-permissions": lambda_permissions.apply,
    "mock-templates": mock_templates.apply,
    "request-models": request_models.apply,
    "typed-updates": typed_updates.apply,
    "access-logs": access_logs.apply,
    "clean-interpreter": clean_interpreter.apply,
    "worker-survives": worker_survives.apply,
    "payload-limits": payload_limits.apply,
    "function-logs": function_logs.apply,
    "function-log-levels": function_log_levels.apply,
}


def apply(*, without: frozenset[str] = frozenset()) -> None:
    """Apply all corrections except those named by `without`.

    Raises:
        KeyError: There is no correction of this name.
    """
    if unknown := without - CORRECTIONS.keys():
        raise KeyError(f"no such correction: {', '.join(sorted(unknown))}")
    for name, apply_correction in CORRECTIONS.items():
        if name not in without:
            apply_correction()
    data_plane.track_requests()
