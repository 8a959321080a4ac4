"""The thresholds of the alarms. docs/monitoring.md justifies each default."""

from typing import Annotated

import msgspec
from msgspec import Meta

Percent = Annotated[float, Meta(ge=0.01, le=100)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """When alarms go off. Counts and rates are those of 5 minutes."""

    error_rate: Annotated[Percent, Meta(description="Percent of all requests that get a 5xx response.")] = 1.0
    min_errors: Annotated[
        Count, Meta(description="Errors below which the alarms of `errorRate` and `functionErrorRate` do not go off.")
    ] = 5
    latency: Annotated[
        int, Meta(ge=10, le=30_000, description="Milliseconds that the slowest 1 % of all requests take (p99).")
    ] = 3000
    min_requests: Annotated[Count, Meta(description="Requests below which the alarm of `latency` does not go off.")] = (
        100
    )
    function_error_rate: Annotated[
        Percent, Meta(description="Percent of a function's invocations that fail: crashes and timeouts.")
    ] = 1.0
    function_throttles: Annotated[Count, Meta(description="Throttled invocations of a collection's functions.")] = 1
    function_duration: Annotated[
        Percent, Meta(description="The p99 duration of a function, as a percentage of its timeout.")
    ] = 80.0
    concurrency: Annotated[
        Percent, Meta(description="Concurrent invocations, as a percentage of the reserved number or of the account's.")
    ] = 80.0
    account_concurrency: Annotated[
        Count, Meta(description="The account's quota of concurrent invocations. AWS's default; new accounts have less.")
    ] = 1000
    authorizer_faults: Annotated[Count, Meta(description="Tokens that could not be checked.")] = 5
    key_fetch_failures: Annotated[Count, Meta(description="Failed fetches of an issuer's keys, within 15 minutes.")] = 3
    revocation_failures: Annotated[Count, Meta(description="Decisions for which the denylist could not be read.")] = 5
    table_throttles: Annotated[
        Count, Meta(description="Reads and writes of a table and its indexes that DynamoDB throttled.")
    ] = 10
    table_errors: Annotated[
        Count, Meta(description="Requests to a table that failed in DynamoDB, before they were retried.")
    ] = 10
