"""Calls of DynamoDB: bounded retries within a deadline, and faults as exceptions that say what is known."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004  botocore's own name

from handlers.attributes import values
from handlers.problems import Problem, TooLarge, Unavailable

CONNECT_TIMEOUT = 0.5
READ_TIMEOUT = 1.5
"""How long one attempt may take to connect and to answer, in seconds."""

ATTEMPTS = 10
MARGIN = 0.3
"""What is left of the function's time for its own answer, in seconds."""

_TRANSIENT = frozenset({
    "InternalServerError", "LimitExceededException", "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException", "RequestLimitExceeded", "ServiceUnavailable", "ThrottlingError",
    "ThrottlingException", "TransactionConflict", "TransactionConflictException", "TransactionInProgressException",
})  # fmt: skip


class ConditionFailed(Exception):
    """A condition did not hold: `item` is stored instead; `retried` if an earlier attempt may have written."""

    def __init__(self, item: dict[str, Any] | None, *, retried: bool) -> None:
        super().__init__()
        self.item = item
        self.retried = retried


class TransactionCanceled(Exception):
    """Conditions of a transaction did not hold: for each of its writes, what is stored instead where its own failed."""

    def __init__(self, failed: Sequence[ConditionFailed | None]) -> None:
        super().__init__()
        self.failed = failed


class _Transient(Exception):
    """The same call may succeed later."""


def client() -> Any:
    """A DynamoDB client that tries once: retries are decided here, where the deadline is known."""
    config = Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": 1},
        parameter_validation=False,
    )
    session = cast("Any", botocore.session.Session())
    return session.create_client("dynamodb", config=config)


@dataclass(frozen=True)
class Database:
    """One table, to be called until a `deadline` (of `time.monotonic`)."""

    client: Any
    table: str
    deadline: float

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """An operation on the table. Raises ConditionFailed, Unavailable, TooLarge, or a Problem that is our fault."""
        return self._persistently(lambda: getattr(self.client, operation)(TableName=self.table, **arguments))

    def transact(self, token: str, puts: Sequence[Mapping[str, Any]]) -> None:
        """Several puts, all or none; `token` makes a repetition the same one. Raises TransactionCanceled too."""
        items = [{"Put": {"TableName": self.table, **put}} for put in puts]
        self._persistently(lambda: self.client.transact_write_items(TransactItems=items, ClientRequestToken=token))

    def _persistently(self, attempt: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        for number in range(ATTEMPTS):
            try:
                return _translated(attempt, retried=number > 0)
            except _Transient:
                pause = random.uniform(0, min(0.5, 0.025 * 2**number))  # noqa: S311  jitter, no secret
                # Another attempt only where it can end, even by its time-out, before the function's own.
                if time.monotonic() + pause + CONNECT_TIMEOUT + READ_TIMEOUT > self.deadline:
                    break
                time.sleep(pause)
        raise Unavailable("The database did not answer in time.")


def _translated(attempt: Callable[[], dict[str, Any]], *, retried: bool) -> dict[str, Any]:
    try:
        return attempt()
    except ClientError as error:
        raise _fault_of(cast("Mapping[str, Any]", error.response), retried=retried) from error
    except (ConnectionError, HTTPClientError) as error:
        raise _Transient from error


def _fault_of(response: Mapping[str, Any], *, retried: bool) -> Exception:
    code = response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        return _condition_failed(response, retried=retried)
    if code == "TransactionCanceledException":
        return _canceled(response.get("CancellationReasons", ()), retried=retried)
    if code in _TRANSIENT or int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500:  # noqa: PLR2004
        return _Transient()
    if code == "ValidationException" and "size has exceeded" in response["Error"].get("Message", "").lower():
        return TooLarge("An item may hold 400 KB at most.")
    return Problem("The request could not be served. The fault is ours.")


def _canceled(reasons: Sequence[Mapping[str, Any]], *, retried: bool) -> Exception:
    codes = [reason.get("Code", "None") for reason in reasons]
    if set(codes) & _TRANSIENT:
        return _Transient()
    if "ConditionalCheckFailed" not in codes:
        return Problem("The request could not be served. The fault is ours.")
    return TransactionCanceled(
        [
            _condition_failed(reason, retried=retried) if code == "ConditionalCheckFailed" else None
            for code, reason in zip(codes, reasons, strict=True)
        ]
    )


def _condition_failed(found: Mapping[str, Any], *, retried: bool) -> ConditionFailed:
    return ConditionFailed(values(found["Item"]) if found.get("Item") else None, retried=retried)
