"""Creating once: the same `Idempotency-Key` gives the same item, however often and however concurrently it comes.

The key's record lies in the table of the items, under a partition of its own, and is written in one transaction with
the item. It holds the request's digest and the first answer. (draft-ietf-httpapi-idempotency-key-header)
"""

import hashlib
import re
import time
from typing import Any

from handlers.attributes import attributes
from handlers.contract import FieldError
from handlers.contract.keys import EXPIRY, PARTITION_KEY, SORT_KEY
from handlers.database import TransactionCanceled
from handlers.http import Request
from handlers.problems import BadRequest, KeyReused
from handlers.store import ID_IS_FREE, Item, Store, require_own

HEADER = "Idempotency-Key"
LIFETIME = 24 * 3600
"""How long a key is remembered, in seconds."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def idempotency_key(request: Request) -> str | None:
    """The request's key, if it has one. Raises BadRequest where it is none."""
    key = request.headers.get(HEADER.lower())
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        allowed = "allowed are 1 to 255 visible ASCII characters"
        raise BadRequest(f"The header {HEADER} is not valid.", (FieldError(HEADER, allowed),))
    return key


def create_once(store: Store, item: Item, *, caller: str, key: str, body: bytes) -> Item:
    """Creates the item, or answers with the one that the key created first.

    `caller` is whose key it is. Raises AlreadyExists, or KeyReused where the key came with another body.
    """
    digest = hashlib.sha256(body).hexdigest()
    now = int(time.time())
    record = _record(caller, key) | {"request": digest, "response": item, EXPIRY: now + LIFETIME}
    # DynamoDB deletes what has expired late, so the condition looks at the time too.
    put_record = {
        "Item": attributes(record),
        "ConditionExpression": f"{ID_IS_FREE} OR #expiry <= :now",
        "ExpressionAttributeNames": {"#expiry": EXPIRY},
        "ExpressionAttributeValues": attributes({":now": now}),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    try:
        store.database.transact(item["revision"], [store.put(item), put_record])
    except TransactionCanceled as canceled:
        own, remembered = canceled.failed
        if remembered is None or remembered.item is None:
            if own:
                require_own(own, item)
            raise
        if remembered.item["request"] != digest:
            raise KeyReused(f"The {HEADER} was used with another body.") from None
        return remembered.item["response"]
    return item


def _record(caller: str, key: str) -> dict[str, Any]:
    """The key of the record: no caller's partition starts like this, because an issuer's name has no `#`."""
    return {PARTITION_KEY: f"idem#{caller}", SORT_KEY: hashlib.sha256(key.encode()).hexdigest()}
