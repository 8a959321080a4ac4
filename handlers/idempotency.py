"""Idempotent creation: repeated requests with the same `Idempotency-Key` create one item, even concurrently.

A key's record is stored in the items' table, in a partition for keys, in one transaction with the item. It holds the
digest of the request's body and the first response. (draft-ietf-httpapi-idempotency-key-header)
"""

import hashlib
from typing import Any

from handlers import expiry
from handlers.attribute_values import serialize_item
from handlers.contract import Invalid, validate
from handlers.contract.headers import IDEMPOTENCY_KEY, KEY_LIFETIME
from handlers.contract.keys import PARTITION_KEY, RECORDS, SORT_KEY
from handlers.contract.problem import KEY_REUSED
from handlers.contract.validation import FieldError
from handlers.database import TransactionCanceled
from handlers.errors import BadRequest, ProblemError
from handlers.http import Request
from handlers.store import ID_IS_FREE, Item, Store, require_own


def idempotency_key(request: Request) -> str | None:
    """Return the request's key, if it has one. Raises BadRequest for an invalid key."""
    name = IDEMPOTENCY_KEY.name
    key = request.headers.get(name.lower())
    try:
        return None if key is None else validate(key, IDEMPOTENCY_KEY.type)
    except Invalid as invalid:
        errors = tuple(FieldError(name, error.detail) for error in invalid.errors)
        raise BadRequest(f"The header {name} is invalid.", errors) from None


def create_once(store: Store, item: Item, *, caller: str, key: str, body: bytes) -> Item:
    """Create the item, or return the one that an earlier request with the caller's key created.

    Raises a 409 error if the item's id is taken, and a 422 error if the key was used with a different body.
    """
    digest = hashlib.sha256(body).hexdigest()
    put_record = _put_record(caller, key, {"request": digest, "response": item})
    try:
        store.database.transact(item["revision"], [store.put(item), put_record])
    except TransactionCanceled as canceled:
        item_failure, key_failure = canceled.failures
        if key_failure is None or key_failure.item is None:
            if item_failure:
                require_own(item_failure, item)
            raise
        if key_failure.item["request"] != digest:
            raise ProblemError(KEY_REUSED) from None
        return key_failure.item["response"]
    return item


def _put_record(caller: str, key: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a put that stores a key's record, unless the key has one that has not expired."""
    record_key = {PARTITION_KEY: f"{RECORDS}{caller}", SORT_KEY: hashlib.sha256(key.encode()).hexdigest()}
    return {
        "Item": serialize_item({**record_key, **values, **expiry.expiry(KEY_LIFETIME)}),
        "ConditionExpression": ID_IS_FREE,
        "ExpressionAttributeNames": expiry.NAMES,
        "ExpressionAttributeValues": expiry.values(),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
