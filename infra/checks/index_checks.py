"""Checks of the indexes that a collection's lists need.

Their keys must be within DynamoDB's limits (AWS, "Quotas in Amazon DynamoDB"), and the stored values of ranges must
sort like the values themselves.
"""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import inspect

from handlers.contract import Collection, Index

MAX_INDEXES = 20
"""The global secondary indexes of a table."""

INDEX_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")

MAX_LENGTH = 256
"""Characters, of up to 4 bytes each, of all texts in one key. DynamoDB limits a sort key to 1024 bytes, and a partition
key, which contains the owner too, to 2048."""

SCALARS = (
    inspect.BoolType, inspect.DateType, inspect.DateTimeType, inspect.DecimalType, inspect.EnumType, inspect.IntType,
    inspect.LiteralType, inspect.StrType, inspect.UUIDType,
)  # fmt: skip
"""The types of fields that a query parameter can have."""

RANGE_TYPES = (
    "a date, a datetime with tz=True, a UUID, an integer, a Decimal, or a text with a min_length of at least 1 and a "
    f"max_length of at most {MAX_LENGTH}"
)


def index_problems(collection: Collection) -> Iterator[str]:
    """Yield why DynamoDB would reject the collection's indexes, or items that the API accepts."""
    if len(collection.indexes) > MAX_INDEXES:
        yield f"{collection.name}: {len(collection.indexes)} indexes; DynamoDB allows {MAX_INDEXES} per table"
    types = {name: inspect.type_info(kind) for name, kind in collection.field_types.items()}
    for index in collection.indexes:
        if not INDEX_NAME.fullmatch(index.name):
            yield f"{collection.name}: index {index.name}: DynamoDB requires a name that matches {INDEX_NAME.pattern}"
        yield from _filter_problems(collection.name, index, types)
    for name in collection.range_fields:
        if not _is_ordered(_not_null(types[name])):
            yield f"{collection.name}.{name}: a range requires {RANGE_TYPES}"


def _filter_problems(name: str, index: Index, types: dict[str, Any]) -> Iterator[str]:
    kinds = {f"{name}.{field}": _not_null(types[field]) for field in index.equal}
    texts = {field: kind.max_length for field, kind in kinds.items() if isinstance(kind, inspect.StrType)}
    if sum(MAX_LENGTH + 1 if length is None else length for length in texts.values()) > MAX_LENGTH:
        together = " together" if len(texts) > 1 else ""
        fields = ", ".join(texts)
        limit = f"must have a max_length of at most {MAX_LENGTH}{together}"
        yield f"{fields}: {limit}, because it is in the key of an index"
    for field, kind in kinds.items():
        if not isinstance(kind, SCALARS):
            yield f"{field}: a filter requires a single value: a text, a number, a date, a UUID, true or false"


def _is_ordered(kind: inspect.Type) -> bool:
    """Return whether DynamoDB sorts the stored values of a type as the type does, and accepts each as a sort key."""
    match kind:
        case inspect.DateType() | inspect.UUIDType() | inspect.IntType() | inspect.DecimalType():
            return True
        case inspect.DateTimeType():
            return kind.tz is True
        case inspect.StrType():
            return (kind.min_length or 0) > 0 and kind.max_length is not None and kind.max_length <= MAX_LENGTH
        case _:
            return False


def _not_null(kind: inspect.Type) -> inspect.Type:
    """Return a type without its metadata, and without None where that is the only alternative."""
    match kind:
        case inspect.Metadata():
            return _not_null(kind.type)
        case inspect.UnionType():
            rest = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
            return _not_null(rest[0]) if len(rest) == 1 else kind
        case _:
            return kind
