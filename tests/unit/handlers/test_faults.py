"""Faults of the database, and unhandled exceptions."""

import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from handlers.database import Database
from handlers.list_parameters import selection_of
from handlers.store import Store
from tests.unit.handlers.conftest import Api, Context


class FaultyClient:
    """A DynamoDB client whose every call fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> None:
            raise self.error

        return call


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "arn:aws:dynamodb:secret-detail"}}, "Query")


@pytest.mark.parametrize(
    "error",
    [
        client_error("ProvisionedThroughputExceededException"),
        client_error("ThrottlingException"),
        client_error("InternalServerError"),
        ConnectTimeoutError(endpoint_url="https://dynamodb"),
        ReadTimeoutError(endpoint_url="https://dynamodb"),
    ],
)
def test_a_busy_or_unreachable_database_is_503_with_retry_after(api: Api, error: Exception) -> None:
    api.functions["list"].__dict__["dynamodb"] = FaultyClient(error)
    answer = api.call("list")
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "1"
    assert "secret-detail" not in answer.text


@pytest.mark.parametrize("error", [client_error("AccessDeniedException"), RuntimeError("secret-detail")])
def test_an_unhandled_exception_is_500_and_reveals_no_details(
    api: Api, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    api.functions["list"].__dict__["dynamodb"] = FaultyClient(error)
    answer = api.call("list")
    assert answer.status == 500
    assert answer.json["type"] == "urn:gatehouse:problem:internal-error"
    assert "secret-detail" not in answer.text
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    logged = next(line for line in lines if line["level"] == "ERROR")
    assert logged["request_id"] == "request-1"
    assert logged["error"] == type(error).__name__
    assert logged["stack"]
    assert "secret-detail" not in json.dumps(logged)


def test_missing_environment_variables_are_500_and_not_a_crash(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TABLE", raising=False)
    del api.functions["list"].__dict__["environment"]
    assert api.call("list").status == 500


def test_one_line_is_logged_per_request_without_personal_data(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.call("create", body={"name": "a secret name"})
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["status"] == 201
    assert "secret" not in line
    assert "ann" not in line


def test_every_line_has_the_timestamp_that_filtering_by_level_requires(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lambda treats a line without a valid timestamp as INFO, so at WARN it would drop the errors too."""
    api.functions["list"].__dict__["dynamodb"] = FaultyClient(RuntimeError())
    before = datetime.now(UTC)
    api.call("list")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["level"] for line in lines] == ["ERROR", "INFO"]
    for line in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["timestamp"])
        assert abs(datetime.fromisoformat(line["timestamp"]) - before) < timedelta(minutes=1)


def test_a_store_does_not_read_another_partition(api: Api) -> None:
    mine = api.created()
    other = Store(Database(api.dynamodb, api.table, time.monotonic() + 5), "local|eve", api.described)
    assert other.list(selection_of({}, api.described), limit=100).items == []
    assert api.call("read", mine["id"]).status == 200


def test_an_item_that_is_too_large_is_413_in_a_transaction_too(api: Api) -> None:
    too_large = {"Code": "ValidationError", "Message": "Item size has exceeded the maximum allowed size"}
    response: Any = {
        "Error": {"Code": "TransactionCanceledException"},
        "CancellationReasons": [too_large, {"Code": "None"}],
    }
    api.functions["create"].__dict__["dynamodb"] = FaultyClient(ClientError(response, "TransactWriteItems"))
    assert api.call("create", body={"name": "a"}, headers={"Idempotency-Key": "k"}).status == 413


def test_a_function_with_very_little_time_still_calls_the_database_once(api: Api) -> None:
    mine = api.created()
    assert replace(api, context=Context(500)).call("read", mine["id"]).status == 200
