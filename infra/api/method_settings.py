"""The settings of a stage's methods: throttling, caching, metrics and the execution log."""

from collections.abc import Iterator, Sequence

import pulumi_aws as aws

from handlers.contract import Route
from infra.api.api_settings import ApiSettings
from infra.api.response_cache import IGNORE
from infra.api.throttling import Throttle, throttles

ALL = "*/*"
"""The path of the settings of all methods."""


def method_settings(
    routes: Sequence[Route], api: ApiSettings
) -> Iterator[tuple[str, str, aws.apigateway.MethodSettingsSettingsArgs]]:
    """Yield the name, the path and the settings of all methods, and then of each method that differs from them.

    Each has every field, because the documentation does not say what a method inherits.
    """
    default = Throttle(throttle_rate=api.throttle_rate, throttle_burst=api.throttle_burst)
    yield "", ALL, _settings(api, default, None)
    limits = throttles(routes, api.routes)
    for route in routes:
        for method in route.operation.methods:
            own, ttl = limits.get((method, route.path)), api.cache.ttl(route, method)
            if own or ttl:
                yield route.operation_id(method), method_path(method, route.path), _settings(api, own or default, ttl)


def method_path(method: str, path: str) -> str:
    """Return the path of a method's settings. Slashes are escaped, the first one included.

    AWS, "UpdateStage", and hashicorp/terraform-provider-aws#9738: the provider passes it on as it is.
    """
    return f"{path.replace('/', '~1')}/{method}"


def _settings(api: ApiSettings, limit: Throttle, ttl: int | None) -> aws.apigateway.MethodSettingsSettingsArgs:
    settings = aws.apigateway.MethodSettingsSettingsArgs(
        throttling_rate_limit=limit.throttle_rate,
        throttling_burst_limit=limit.throttle_burst,
        metrics_enabled=api.detailed_metrics,
        logging_level="ERROR",
        data_trace_enabled=False,
    )
    if api.cache.size:
        # A stage with a cache would cache every GET.
        settings.caching_enabled = ttl is not None
    if ttl is not None:
        settings.cache_ttl_in_seconds = ttl
        settings.cache_data_encrypted = True
        settings.require_authorization_for_cache_control = True
        settings.unauthorized_cache_control_header_strategy = IGNORE
    return settings
