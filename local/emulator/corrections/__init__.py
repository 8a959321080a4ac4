"""Corrections: patches that make MiniStack 1.5.33 behave like AWS where it is less strict or lacks a feature.

There is one module per correction, which describes the behaviour of AWS and of MiniStack. Each correction can be left
out, and a test of each shows that it fails without the correction.
"""

from __future__ import annotations

import importlib

from local.emulator import data_plane, http_data_plane

CORRECTIONS = (
    "authorizer-policies",
    "authorizer-output",
    "unauthorized-exactly",
    "authorizer-context",
    "authorizer-cache-flush",
    "identity-sources",
    "usage-identifier-keys",
    "custom-domains",
    "deployment-snapshots",
    "proxy-events",
    "proxy-responses",
    "remapped-headers",
    "lambda-permissions",
    "response-cache",
    "mock-templates",
    "request-models",
    "typed-updates",
    "resource-tags",
    "point-in-time-recovery",
    "restore-permissions",
    "alarm-expressions",
    "saved-queries",
    "firewall-settings",
    "access-logs",
    "clean-interpreter",
    "worker-survives",
    "running-invocations",
    "payload-limits",
    "function-logs",
    "function-log-levels",
    "table-settings",
    "table-keys",
    "http-authorizers",
    "http-cache-flush",
    "http-deployment-snapshots",
    "http-events",
    "http-responses",
    "http-lambda-permissions",
    "http-cors",
    "http-payload-limits",
    "http-access-logs",
    "refresh-token-rotation",
    "refresh-token-clients",
    "sign-in-second-factor",
)
"""In the order of their application: a later correction wraps the earlier ones. The modules have the same names."""


def apply(*, without: frozenset[str] = frozenset()) -> None:
    """Apply all corrections except those named by `without`.

    Raises:
        KeyError: There is no correction of this name.
    """
    if unknown := without.difference(CORRECTIONS):
        raise KeyError(f"no such correction: {', '.join(sorted(unknown))}")
    for name in CORRECTIONS:
        if name not in without:
            importlib.import_module(f"{__name__}.{name.replace('-', '_')}").apply()
    data_plane.track_requests()
    http_data_plane.track_http_requests()
