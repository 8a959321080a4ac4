"""CloudWatch's metric math, for one point in time: the functions and operators that the project's alarms use.

Source: AWS, "Using math expressions with CloudWatch metrics". A series without a value in the period is None. In
arithmetic of two series it is 0, if the other has a value.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Number = float | None
Value = Any  # a number, or a list of numbers


class Scalar(float):
    """A number, which is no series: an operation with it has a value where the other operand has one."""


_OPERATORS: Mapping[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.Gt: lambda left, right: left > right,
    ast.GtE: lambda left, right: left >= right,
    ast.Lt: lambda left, right: left < right,
    ast.LtE: lambda left, right: left <= right,
}


def evaluate(expression: str, metrics: Mapping[str, Number]) -> Number:
    """Return the value of an expression; None if a metric that it needs has none.

    Raises:
        ValueError: The expression is not supported.
        TypeError: It has more than one value.
    """
    value = _value(ast.parse(expression, mode="eval").body, metrics)
    return None if value is None else float(value)


def _value(node: ast.expr, metrics: Mapping[str, Number]) -> Value:
    match node:
        case ast.Constant(value=int() | float() as number):
            return Scalar(number)
        case ast.Name(id=name) if name in metrics:
            return metrics[name]
        case ast.BinOp(left=left, op=kind, right=right) | ast.Compare(left=left, ops=[kind], comparators=[right]):
            return _operate(kind, _value(left, metrics), _value(right, metrics))
        case ast.Call(func=ast.Name(id="METRICS"), args=[]):
            return list(metrics.values())
        case ast.List(elts=elements):
            return [_value(each, metrics) for each in elements]
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_value(each, metrics) for each in arguments))
        case _:
            raise ValueError(f"not supported: {ast.unparse(node)}")


def _operate(kind: ast.AST, left: Value, right: Value) -> Number:
    if type(kind) not in _OPERATORS or list in (type(left), type(right)):
        raise ValueError(f"not supported: {kind}")
    if left is None or right is None:
        if isinstance(right if left is None else left, Scalar | None):
            return None
        left, right = left or 0.0, right or 0.0
    if right == 0 and isinstance(kind, ast.Div):
        return None
    result = float(_OPERATORS[type(kind)](left, right))
    return Scalar(result) if isinstance(left, Scalar) and isinstance(right, Scalar) else result


def _choose(condition: Value, then: Value, otherwise: Value) -> Value:
    return None if condition is None else then if condition else otherwise


def _combined(function: Callable[[Sequence[float]], float]) -> Callable[[Value], Number]:
    """Return a function of the values that are not missing."""

    def combine(value: Value) -> Number:
        values = cast("list[Number]", value if isinstance(value, list) else [value])
        present = [each for each in values if each is not None]
        return function(present) if present else None

    return combine


_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "TIME_SERIES": float,
    "IF": _choose,
    "SUM": _combined(sum),
    "MAX": _combined(max),
}
