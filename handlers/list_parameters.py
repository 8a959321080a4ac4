"""The query parameters of a list."""

from collections.abc import Mapping, Sequence
from typing import Any

from handlers.contract import Collection, FieldError, Index, Invalid
from handlers.contract.collection import DEFAULT_LIMIT, LIMIT, MAX_LIMIT, ORDER, ORDERS
from handlers.contract.index import orders_of, range_parameters
from handlers.contract.keys import CREATED
from handlers.errors import BadRequest
from handlers.json_values import parameter_value
from handlers.selection import Selection

Query = Mapping[str, str]


def limit_of(query: Query) -> int:
    """Return the maximum number of items. Raises BadRequest."""
    given = query.get(LIMIT, str(DEFAULT_LIMIT))
    if given.isascii() and given.isdigit() and len(given) <= len(str(MAX_LIMIT)) and 1 <= int(given) <= MAX_LIMIT:
        return int(given)
    raise bad_parameter(LIMIT, f"must be an integer from 1 to {MAX_LIMIT}")


def selection_of(query: Query, collection: Collection) -> Selection:
    """Return which items are requested, and in which order. Raises BadRequest, which names the invalid parameters."""
    order, descending = _order(query, collection)
    equal = _values(query, {name: name for name in collection.filter_fields}, collection)
    bounds = _values(query, dict.fromkeys(range_parameters(order), order), collection)
    lowest, highest = map(bounds.get, range_parameters(order))
    if lowest is not None and highest is not None and lowest > highest:
        first, last = range_parameters(order)
        errors = (FieldError(first, f"must not be after {last}"), FieldError(last, f"must not be before {first}"))
        raise BadRequest(f"The range from {first} to {last} is empty.", errors)
    found = Selection(
        collection=collection, equal=equal, order=order, lowest=lowest, highest=highest, descending=descending
    )
    if found.index is not None and found.index not in collection.indexes:
        raise _unsupported([*equal, *(bounds or ([ORDER] if order != CREATED else []))], collection.indexes)
    return found


def bad_parameter(name: str, detail: str) -> BadRequest:
    """Return the error for an invalid query parameter."""
    return BadRequest(f"The query parameter {name} is invalid.", (FieldError(name, detail),))


def _order(query: Query, collection: Collection) -> tuple[str, bool]:
    """Return the field that the list is in order of, and whether it is descending."""
    ranges = {name: field for field in collection.range_fields for name in range_parameters(field) if name in query}
    fields = list(dict.fromkeys(ranges.values()))
    if len(fields) > 1:
        raise _unsupported(list(ranges), collection.indexes)
    possible = orders_of(fields[0]) if fields else collection.orders
    given = query.get(ORDER, possible[0])
    if given not in possible:
        detail = f"must be one of: {', '.join(possible)}"
        raise bad_parameter(ORDER, f"{detail}, with {' and '.join(ranges)}" if ranges else detail)
    return (CREATED, given == ORDERS[0]) if given in ORDERS else (given.removeprefix("-"), given.startswith("-"))


def _values(query: Query, parameters: Mapping[str, str], collection: Collection) -> dict[str, Any]:
    """Return the values of those parameters of fields that are given."""
    found: dict[str, Any] = {}
    for name in (name for name in parameters if name in query):
        try:
            found[name] = parameter_value(query[name], collection.field_types[parameters[name]])
        except Invalid as invalid:
            raise bad_parameter(name, invalid.errors[0].detail) from None
    return found


def _unsupported(names: Sequence[str], indexes: Sequence[Index]) -> BadRequest:
    """Return the error for a combination of parameters without an index, which would read more than it returns."""
    possible = "; ".join(index.description for index in indexes if index != Index()) or "none"
    detail = f"the combination of {' and '.join(names)} is not supported; supported: {possible}"
    return BadRequest(
        "The list does not support this combination of query parameters.",
        tuple(FieldError(name, detail) for name in names),
    )
