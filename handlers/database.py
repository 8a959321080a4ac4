"""Calls to DynamoDB, retried within a deadline. Exceptions record whether a failed call may have written."""

import random
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any, cast

# Imported before botocore, which would import it from a deeper stack frame. There, at the end of a chunk of its stack,
# CPython allocates and frees memory at every call, and compiling these regular expressions takes 30 ms longer.
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

from handlers import snapshots
from handlers.attribute_values import deserialize_item
from handlers.contract.problem import INTERNAL_ERROR, TOO_LARGE, UNAVAILABLE
from handlers.errors import ProblemError

CONNECT_TIMEOUT = 0.5
READ_TIMEOUT = 1.5
"""Time-outs of one attempt, in seconds."""

ATTEMPTS = 10
MARGIN = 0.3
"""The part of the function's time that is reserved for its response, in seconds."""

_REJECTED = frozenset({
    "LimitExceededException", "ProvisionedThroughputExceeded", "ProvisionedThroughputExceededException",
    "RequestLimitExceeded", "ThrottlingError", "ThrottlingException", "TransactionConflict",
    "TransactionConflictException",
})  # fmt: skip
"""Errors of a busy database that has not written."""

_MAY_HAVE_WRITTEN = frozenset({"InternalServerError", "ServiceUnavailable", "TransactionInProgressException"})
"""Errors of a failed database that may have written."""


class ConditionFailed(Exception):
    """A condition was false for the stored `item`. `in_doubt`: an earlier attempt may have written."""

    def __init__(self, item: dict[str, Any] | None, *, in_doubt: bool) -> None:
        self.item = item
        self.in_doubt = in_doubt


class TransactionCanceled(Exception):
    """Conditions of a transaction were false: `failures` has each write's failure, or None if it had none."""

    def __init__(self, failures: Sequence[ConditionFailed | None]) -> None:
        self.failures = failures


class _Transient(Exception):
    """A retry may succeed. `in_doubt`: the failed attempt may have written."""

    def __init__(self, *, in_doubt: bool) -> None:
        self.in_doubt = in_doubt


def client() -> Any:
    """Return a DynamoDB client that does not retry; `Database` does, because it knows the deadline."""
    config = Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": 1},
        parameter_validation=False,
    )
    dynamodb = cast("Any", botocore.session.Session()).create_client("dynamodb", config=config)
    dynamodb.meta.events.register("before-parse.dynamodb", _verify_checksum)
    return dynamodb


@cache
def shared_client() -> Any:
    """Return the client of this process."""
    return client()


def _renew() -> None:
    """Forget the client, and seed the jitter of retries: all copies of a snapshot would wait equally long."""
    shared_client.cache_clear()
    random.seed()


snapshots.after_restore(_renew)


def _verify_checksum(response_dict: Mapping[str, Any], **_: Any) -> None:
    """Reject a response with a wrong checksum. botocore would parse a damaged one as an empty one."""
    expected = response_dict["headers"].get("x-amz-crc32")
    if expected is not None and int(expected) != zlib.crc32(response_dict["body"]):
        raise _Transient(in_doubt=True)


@dataclass(frozen=True)
class Database:
    """One table, with a deadline for all calls (of `time.monotonic`)."""

    client: Any
    table: str
    deadline: float

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call an operation on the table. Raises ConditionFailed, or ProblemError for a 413, 500 or 503 response."""
        return self._with_retries(lambda: getattr(self.client, operation)(TableName=self.table, **arguments))

    def transact(self, token: str, puts: Sequence[Mapping[str, Any]]) -> None:
        """Put all items or none; `token` makes retries idempotent. Raises TransactionCanceled, or as `call`."""
        items = [{"Put": {"TableName": self.table, **put}} for put in puts]
        self._with_retries(lambda: self.client.transact_write_items(TransactItems=items, ClientRequestToken=token))

    def _with_retries(self, attempt: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        in_doubt, pause = False, 0.0
        for number in range(ATTEMPTS):
            # An attempt starts only if even its time-out ends before the function's.
            if time.monotonic() + pause + CONNECT_TIMEOUT + READ_TIMEOUT > self.deadline:
                break
            time.sleep(pause)
            try:
                return _attempt(attempt, in_doubt=in_doubt)
            except _Transient as transient:
                in_doubt = in_doubt or transient.in_doubt
                pause = random.uniform(0, min(0.5, 0.025 * 2**number))  # noqa: S311  jitter, no secret
        raise ProblemError(UNAVAILABLE)


def deadline_in(seconds: float) -> float:
    """Return the deadline (of `time.monotonic`) of calls in the remaining time; it allows at least one call."""
    return time.monotonic() + max(seconds - MARGIN, CONNECT_TIMEOUT + READ_TIMEOUT + MARGIN)


def _attempt(attempt: Callable[[], dict[str, Any]], *, in_doubt: bool) -> dict[str, Any]:
    try:
        return attempt()
    except ClientError as error:
        raise _exception_of(cast("Mapping[str, Any]", error.response), in_doubt=in_doubt) from error
    except (ConnectTimeoutError, EndpointConnectionError) as error:
        raise _Transient(in_doubt=False) from error
    except (ConnectionError, HTTPClientError) as error:
        raise _Transient(in_doubt=True) from error


def _exception_of(response: Mapping[str, Any], *, in_doubt: bool) -> Exception:
    code = str(response["Error"]["Code"])
    if code == "ConditionalCheckFailedException":
        return _condition_failed(response, in_doubt=in_doubt)
    if code == "TransactionCanceledException":
        return _canceled(response.get("CancellationReasons", ()), in_doubt=in_doubt)
    if code in _REJECTED:
        return _Transient(in_doubt=False)
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _MAY_HAVE_WRITTEN or code.isdigit() or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # The code is only a status where the response names no error, so something other than DynamoDB answered.
        return _Transient(in_doubt=True)
    if code == "ValidationException" and _too_large(response["Error"]):
        return ProblemError(TOO_LARGE)
    return ProblemError(INTERNAL_ERROR)


def _too_large(error: Mapping[str, Any]) -> bool:
    return "size has exceeded" in error.get("Message", "").lower()


def _canceled(reasons: Sequence[Mapping[str, Any]], *, in_doubt: bool) -> Exception:
    codes = [reason.get("Code", "None") for reason in reasons]
    if set(codes) & _REJECTED:
        return _Transient(in_doubt=False)
    if any(_too_large(reason) for reason in reasons):
        return ProblemError(TOO_LARGE)
    if "ConditionalCheckFailed" not in codes:
        return ProblemError(INTERNAL_ERROR)
    return TransactionCanceled(
        [
            _condition_failed(reason, in_doubt=in_doubt) if code == "ConditionalCheckFailed" else None
            for code, reason in zip(codes, reasons, strict=True)
        ]
    )


def _condition_failed(found: Mapping[str, Any], *, in_doubt: bool) -> ConditionFailed:
    return ConditionFailed(deserialize_item(found["Item"]) if found.get("Item") else None, in_doubt=in_doubt)
