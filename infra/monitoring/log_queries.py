"""Saved queries of the logs, for CloudWatch Logs Insights.

In the console, a query's log groups are those with which it is saved, at most 50: the command `SOURCE`, which selects
them by a prefix, is only for AWS's CLI and API (AWS, "CloudWatch Logs Insights language query syntax: SOURCE").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.functions.function_settings import AUTHORIZER
from infra.monitoring.monitored import Monitored

MAX_GROUPS: Final = 50
"""The log groups of one query (AWS, "CloudWatch Logs quotas")."""

_REST_ONLY: Final = (
    ", authorizer_milliseconds", ", authorizer_request_id",
    ' or authorizer_request_id = "ID"', " or authorizer_request_id",
)  # fmt: skip
"""Parts of queries with fields that the access log of an HTTP API lacks."""

_REQUEST: Final = """\
# Replace ID by a request's id, and for the authorizer's line by its decision_id or authorizer_request_id.
fields @timestamp, @log, level, message, method, route, status, error, problem, milliseconds,
  outcome, reason, request_id, decision_id, authorizer_request_id
| filter request_id = "ID" or decision_id = "ID" or authorizer_request_id = "ID"
| sort @timestamp asc
| limit 100"""

_SLOWEST: Final = """\
fields @timestamp, milliseconds, integration_milliseconds, authorizer_milliseconds, method, route, status, request_id
| sort milliseconds desc
| limit 50"""

_REJECTIONS: Final = """\
filter message = "decision" and outcome in ["deny", "unauthorized", "fault"]
| stats count(*) as decisions by outcome, reason, claim, issuer
| sort decisions desc"""

_PROBLEMS: Final = """\
filter status >= 400 and status < 500 and (ispresent(problem) or error != "-")
| fields coalesce(problem, error) as type
| stats count(*) as requests by type, status, route, collection, operation
| sort requests desc"""


@dataclass(frozen=True)
class LogQuery:
    """A query of log groups. `name` is its logical name, and `title` what the console shows."""

    name: str
    title: str
    text: str
    groups: Sequence[str]


def queries(stack: Monitored) -> Iterator[LogQuery]:
    """Yield the queries of a stack."""
    names, is_http = stack.names, stack.is_http
    access, authorizer = names.access_log_group, names.function_log_group(AUTHORIZER)
    handlers = [names.function_log_group(each) for each in stack.handlers]
    yield from _divided(
        "request", "one request by its id", _of_flavour(_REQUEST, is_http), [access, authorizer], handlers
    )
    yield LogQuery("slowest", "slowest requests", _of_flavour(_SLOWEST, is_http), [access])
    yield LogQuery("rejections", "rejections by reason", _REJECTIONS, [authorizer])
    yield from _divided("problems", "4xx responses by type", _PROBLEMS, [access], handlers)


def _of_flavour(text: str, is_http: bool) -> str:
    for part in _REST_ONLY if is_http else ():
        text = text.replace(part, "")
    return text


def _divided(name: str, title: str, text: str, first: Sequence[str], others: Sequence[str]) -> Iterator[LogQuery]:
    """Yield as many queries as the log groups need. Each has the first ones."""
    size = MAX_GROUPS - len(first)
    parts = [others[start : start + size] for start in range(0, len(others), size)]
    for number, part in enumerate(parts, start=1):
        of_all = f" ({number} of {len(parts)})" if len(parts) > 1 else ""
        yield LogQuery(f"{name}-{number}" if number > 1 else name, f"{title}{of_all}", text, [*first, *part])


class LogQueries(pulumi.ComponentResource):
    """The saved queries of a stack, in a folder of its name."""

    def __init__(self, name: str, stack: Monitored, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gatehouse:operations:LogQueries", name, None, opts)
        # The log groups must exist. The API depends on its functions.
        child_opts = pulumi.ResourceOptions(parent=self, depends_on=[stack.gateway])
        for each in queries(stack):
            aws.cloudwatch.QueryDefinition(
                each.name,
                name=stack.names.query(each.title),
                query_string=each.text,
                log_group_names=list(each.groups),
                opts=child_opts,
            )
        self.register_outputs({})
