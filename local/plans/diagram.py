"""`python -m local plan --mermaid`: a diagram of a stack, with its functions grouped by the tables that they use.

The syntax is that of https://mermaid.js.org/syntax/flowchart.html.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from local.plans.architecture import Architecture, texts

MAX_GROUPS: Final = 6
"""At most so many groups of functions are drawn; the last ones share a box."""

API_NAMES: Final = {"aws:apigateway/restApi:RestApi": "REST API", "aws:apigatewayv2/api:Api": "HTTP API"}

_TABLE: Final = re.compile(r"arn:[^:]+:dynamodb:[^:]*:[^:]*:table/(?P<name>[^/]+)")


@dataclass(frozen=True)
class Group:
    """Functions that use the same tables; both are names in AWS."""

    functions: tuple[str, ...]
    tables: tuple[str, ...]


def draw(plan: Architecture, issuers: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a flowchart; `issuers` are the names of the identity providers."""
    authorizers = sorted({each.authorizer for each in plan.methods if each.authorizer})
    groups = _grouped(plan, [name for name in sorted(plan.functions) if name not in authorizers])
    yield "flowchart LR"
    yield '    client(["Client"])'
    yield f'    subgraph stack["Stack {plan.deployment.stack}: {_count(plan.deployment.custom, "resource")}"]'
    yield from (f"        {line}" for line in _boxes(plan, authorizers, groups))
    yield "    end"
    yield f'    provider(["Identity provider{"s" if len(issuers) > 1 else ""}<br/>{", ".join(issuers)}"])'
    yield from (f"    {line}" for line in _arrows(plan, authorizers, groups))


def _boxes(plan: Architecture, authorizers: Sequence[str], groups: Sequence[Group]) -> Iterator[str]:
    (api,) = plan.apis
    protected = [each for each in plan.methods if each.authorizer]
    plans = plan.of_type("apigateway/usagePlan:UsagePlan")
    limits = f"<br/>{_count(plans, 'usage plan')}" if plans else ""
    yield f'api["{API_NAMES[api.type]}<br/>{_count(protected, "method")}{limits}"]'
    yield 'subgraph lambda["Lambda functions and their roles"]'
    yield from (f'    {_function(plan, name)}["{plan.functions[name].name}"]' for name in authorizers)
    for group in groups:
        text = f"{_title(plan, group)}<br/>{_count(group.functions, 'function')}"
        yield f'    {_function(plan, group.functions[0])}["{text}"]'
    yield "end"
    used = [*(group.tables for group in groups), *(_tables(plan, name) for name in authorizers)]
    for box, text in {box: text for tables in used for box, text in _stores(plan, tables).items()}.items():
        yield f'{box}[("{text}")]'
    groups_of_logs = plan.of_type("cloudwatch/logGroup:LogGroup").values()
    days = sorted({int(each.inputs["retentionInDays"]) for each in groups_of_logs})
    yield f'logs["{_count(groups_of_logs, "log group")}<br/>kept for {" or ".join(map(str, days))} days"]'


def _arrows(plan: Architecture, authorizers: Sequence[str], groups: Sequence[Group]) -> Iterator[str]:
    yield 'client -- "HTTPS, bearer token" --> api'
    for name in authorizers:
        authorizer = _function(plan, name)
        yield f'api -- "token, then cached" --> {authorizer}'
        yield f'{authorizer} -- "public keys" --> provider'
        yield from (f'{authorizer} -- "revoked?" --> {each}' for each in _stores(plan, _tables(plan, name)))
    for group in groups:
        functions = _function(plan, group.functions[0])
        yield f'api -- "{_paths(plan, group)}" --> {functions}'
        yield from (f"{functions} --> {each}" for each in _stores(plan, group.tables))
    yield "lambda --> logs"


def _grouped(plan: Architecture, functions: Sequence[str]) -> list[Group]:
    found: dict[tuple[str, ...], list[str]] = {}
    for name in functions:
        found.setdefault(_tables(plan, name), []).append(name)
    groups = [Group(tuple(names), tables) for tables, names in found.items()]
    shown, rest = groups[: MAX_GROUPS - 1], groups[MAX_GROUPS - 1 :]
    if len(rest) < 2:  # noqa: PLR2004 - one group needs no shared box
        return groups
    merged = Group(
        tuple(name for group in rest for name in group.functions),
        tuple(dict.fromkeys(table for group in rest for table in group.tables)),
    )
    return [*shown, merged]


def _tables(plan: Architecture, function: str) -> tuple[str, ...]:
    """Return the tables that a function's role may use."""
    role = plan.functions[function].inputs["role"].rpartition("/")[2]
    resources = (each for grant in plan.grants_of(role) for each in texts(grant.statement.get("Resource")))
    return tuple(sorted({found["name"] for each in resources if (found := _TABLE.match(each))}))


def _title(plan: Architecture, group: Group) -> str:
    tables = plan.of_type("dynamodb/table:Table")
    names = [tables[each].name for each in group.tables] or [plan.functions[each].name for each in group.functions]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")  # noqa: PLR2004


def _paths(plan: Architecture, group: Group) -> str:
    """Return the first segments of the paths that a group serves."""
    served = Counter(each.path.split("/")[1] for each in plan.methods if each.function in group.functions)
    return f"/{next(iter(served))}" if len(served) == 1 else _count(served, "path")


def _function(plan: Architecture, name: str) -> str:
    return _id("function", plan.functions[name].name)


def _stores(plan: Architecture, names: Sequence[str]) -> dict[str, str]:
    """Return the texts of the boxes for some tables; of many, one box."""
    tables = [plan.of_type("dynamodb/table:Table")[name] for name in names]
    if len(tables) > MAX_GROUPS:
        return {_id("tables", tables[0].name): _count(tables, "table")}
    return {_id("table", each.name): f"{each.name}{'<br/>protected' if each.protect else ''}" for each in tables}


def _id(kind: str, name: str) -> str:
    """Return the name of a box, which consists of letters, digits and underscores."""
    return re.sub(r"\W", "_", f"{kind}_{name}")


def _count(found: Collection[object], noun: str) -> str:
    return f"{len(found)} {noun}{'' if len(found) == 1 else 's'}"
