"""Calls of DynamoDB: bounded retries within a deadline, and faults as exceptions that say what is known."""

import random
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

# Before botocore, which would import it from deeper in the stack: where a chunk of its stack ends, CPython takes and
# gives back memory at every call, and compiling these regular expressions takes 30 ms more.
import urllib3.util.url  # noqa: F401  # pyright: ignore[reportUnusedImport]

# isort: split
import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionError,  # noqa: A004  botocore's own name
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
)

from handlers.attributes import values
from handlers.problems import Problem, TooLarge, Unavailable

CONNECT_TIMEOUT = 0.5
READ_TIMEOUT = 1.5
"""How long one attempt may take to connect and to answer, in seconds."""

ATTEMPTS = 10
MARGIN = 0.3
"""What is left of the function's time for its own answer, in seconds."""

_REFUSED = frozenset({
    "LimitExceededException", "ProvisionedThroughputExceeded", "ProvisionedThroughputExceededException",
    "RequestLimitExceeded", "ThrottlingError", "ThrottlingException", "TransactionConflict",
    "TransactionConflictException",
})  # fmt: skip
"""The database is busy, and has written nothing."""

_BROKEN = frozenset({"InternalServerError", "ServiceUnavailable", "TransactionInProgressException"})
"""The database could not answer, and may have written."""


class ConditionFailed(Exception):
    """A condition did not hold: `item` is stored instead; `in_doubt` if an earlier attempt may have written."""

    def __init__(self, item: dict[str, Any] | None, *, in_doubt: bool) -> None:
        super().__init__()
        self.item = item
        self.in_doubt = in_doubt


class TransactionCanceled(Exception):
    """Conditions of a transaction did not hold: for each of its writes, what is stored instead where its own failed."""

    def __init__(self, failed: Sequence[ConditionFailed | None]) -> None:
        super().__init__()
        self.failed = failed


class _Transient(Exception):
    """The same call may succeed later; `in_doubt` if this one may have written all the same."""

    def __init__(self, *, in_doubt: bool) -> None:
        super().__init__()
        self.in_doubt = in_doubt


def client() -> Any:
    """A DynamoDB client that tries once: retries are decided here, where the deadline is known."""
    config = Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": 1},
        parameter_validation=False,
    )
    session = cast("Any", botocore.session.Session())
    made = session.create_client("dynamodb", config=config)
    made.meta.events.register("before-parse.dynamodb", _require_whole)
    return made


def _require_whole(response_dict: Mapping[str, Any], **_: Any) -> None:
    """Refuses an answer that is not what its checksum says: botocore would take a broken one for an empty one."""
    expected = response_dict["headers"].get("x-amz-crc32")
    if expected is not None and int(expected) != zlib.crc32(response_dict["body"]):
        raise _Transient(in_doubt=True)


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
        in_doubt, pause = False, 0.0
        for number in range(ATTEMPTS):
            # An attempt is made only where it can end, even by its time-out, before the function's own.
            if time.monotonic() + pause + CONNECT_TIMEOUT + READ_TIMEOUT > self.deadline:
                break
            time.sleep(pause)
            try:
                return _translated(attempt, in_doubt=in_doubt)
            except _Transient as transient:
                in_doubt = in_doubt or transient.in_doubt
                pause = random.uniform(0, min(0.5, 0.025 * 2**number))  # noqa: S311  jitter, no secret
        raise Unavailable("The database did not answer in time.")


def deadline_in(seconds: float) -> float:
    """Until when (of `time.monotonic`) a function with so many seconds left may call; there is time for one call."""
    return time.monotonic() + max(seconds - MARGIN, CONNECT_TIMEOUT + READ_TIMEOUT + MARGIN)


def _translated(attempt: Callable[[], dict[str, Any]], *, in_doubt: bool) -> dict[str, Any]:
    try:
        return attempt()
    except ClientError as error:
        raise _fault_of(cast("Mapping[str, Any]", error.response), in_doubt=in_doubt) from error
    except (ConnectTimeoutError, EndpointConnectionError) as error:
        raise _Transient(in_doubt=False) from error
    except (ConnectionError, HTTPClientError) as error:
        raise _Transient(in_doubt=True) from error


def _fault_of(response: Mapping[str, Any], *, in_doubt: bool) -> Exception:
    code = str(response["Error"]["Code"])
    if code == "ConditionalCheckFailedException":
        return _condition_failed(response, in_doubt=in_doubt)
    if code == "TransactionCanceledException":
        return _canceled(response.get("CancellationReasons", ()), in_doubt=in_doubt)
    if code in _REFUSED:
        return _Transient(in_doubt=False)
    if code in _BROKEN or code.isdigit() or _status(response) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # Only a number where the answer names no error: it is not the database's own.
        return _Transient(in_doubt=True)
    if code == "ValidationException" and _too_large(response["Error"]):
        return TooLarge("An item may hold 400 KB at most.")
    return Problem("The request could not be served. The fault is ours.")


def _status(response: Mapping[str, Any]) -> int:
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _too_large(error: Mapping[str, Any]) -> bool:
    return "size has exceeded" in error.get("Message", "").lower()


def _canceled(reasons: Sequence[Mapping[str, Any]], *, in_doubt: bool) -> Exception:
    codes = [reason.get("Code", "None") for reason in reasons]
    if set(codes) & _REFUSED:
        return _Transient(in_doubt=False)
    if any(_too_large(reason) for reason in reasons):
        return TooLarge("An item may hold 400 KB at most.")
    if "ConditionalCheckFailed" not in codes:
        return Problem("The request could not be served. The fault is ours.")
    return TransactionCanceled(
        [
            _condition_failed(reason, in_doubt=in_doubt) if code == "ConditionalCheckFailed" else None
            for code, reason in zip(codes, reasons, strict=True)
        ]
    )


def _condition_failed(found: Mapping[str, Any], *, in_doubt: bool) -> ConditionFailed:
    return ConditionFailed(values(found["Item"]) if found.get("Item") else None, in_doubt=in_doubt)
