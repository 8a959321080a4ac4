"""When items expire. DynamoDB deletes them a few days later; until then, they are treated as if they did not exist.

Source: AWS, "Using time to live (TTL) in DynamoDB".
"""

from collections.abc import Mapping
from typing import Any

from handlers import clock
from handlers.attribute_values import serialize_item
from handlers.contract.keys import EXPIRY

IS_EXPIRED = "#expiry <= :now"
IS_ALIVE = "(attribute_not_exists(#expiry) OR #expiry > :now)"
"""Conditions of a write, which need `NAMES` and `values`."""

NAMES = {"#expiry": EXPIRY}


def values() -> dict[str, Any]:
    """Return the values of the conditions."""
    return serialize_item({":now": now()})


def now() -> int:
    """Return the time in seconds since 1970."""
    return clock.now() // 1000


def expiry(lifetime: int | None) -> dict[str, int]:
    """Return the attribute of an item that is written now and lives for some seconds; none if it lives forever."""
    return {} if lifetime is None else {EXPIRY: now() + lifetime}


def is_expired(stored: Mapping[str, Any]) -> bool:
    """Return whether an item has expired."""
    return EXPIRY in stored and stored[EXPIRY] <= now()
