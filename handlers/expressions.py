"""Expressions for DynamoDB, with placeholders for names and values."""

from collections.abc import Mapping
from typing import Any

from handlers.attribute_values import serialize

Expression = tuple[list[str], dict[str, str], dict[str, Any]]
"""Clauses, and the names and the values of their placeholders."""


def equalities(fields: Mapping[str, Any]) -> Expression:
    """Return a clause `#0 = :0` for each field."""
    names = {f"#{number}": name for number, name in enumerate(fields)}
    values = {f":{number}": serialize(value) for number, value in enumerate(fields.values())}
    return [f"{name} = {value}" for name, value in zip(names, values, strict=True)], names, values


def with_range(expression: Expression, field: str, lowest: Any, highest: Any) -> Expression:
    """Add a range of a sort key: one clause, because DynamoDB accepts no more for one key. None is no limit."""
    clauses, names, values = expression
    match lowest, highest:
        case None, None:
            return expression
        case _, None:
            clause = "#field >= :lowest"
        case None, _:
            clause = "#field <= :highest"
        case _:
            clause = "#field BETWEEN :lowest AND :highest"
    given = {
        name: serialize(value) for name, value in ((":lowest", lowest), (":highest", highest)) if value is not None
    }
    return [*clauses, clause], {**names, "#field": field}, {**values, **given}
