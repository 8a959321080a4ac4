"""Benchmarks of the handlers: cold starts relative to a plain boto3 handler, items read per list, CPU per request."""

import contextlib
import io
import time
from functools import partial
from statistics import median
from typing import Any

import pytest

from handlers.contract import Index, load_collections
from handlers.cors import CorsPolicy
from handlers.database import client as dynamodb_client
from handlers.environment import Environment
from handlers.lambda_handler import LambdaHandler
from handlers.read import handler as read
from local.emulator.launch import Options, free_port, start
from tests.bench.lambda_runtime import EVENT, ITEM, Program, cold_start
from tests.bench.programs import bundle_file, gatehouse, recipe
from tests.bench.recording import Results
from tests.bench.report import Number
from tests.bench.rounds import interleaved, relative
from tests.unit.handlers.conftest import Api, collection_api, put_items_of_others

RECIPE, SOURCE, COMPILED = "the boto3 handler, source", "gatehouse, source", "gatehouse, compiled"
STARTS = {SOURCE: 0.75, COMPILED: 0.45}
"""Upper limits of cold starts, relative to that of the recipe."""

BUNDLE = 4_000_000
"""The largest size of a bundle in bytes. It is stored without compression, so its unzipped size is about equal."""

CPU = 0.25
"""Milliseconds of CPU that a read may take, without DynamoDB's client."""

OTHERS, OWN = 100_000, 20
"""The numbers of items of other owners and of the caller, in the table and in each index."""

COLD_START = "cold start to the first `GetItem`, ÷ a plain `boto3.client` handler"
COST = "cost of a handler"
EMAIL = "a@b"


def test_cold_start_to_the_first_item(results: Results) -> None:
    programs = {RECIPE: recipe(), SOURCE: gatehouse(), COMPILED: gatehouse(compiled=True)}
    times = interleaved({name: partial(first_item, program) for name, program in programs.items()})
    for name, found in times.items():
        results.add(COLD_START, name, "median", Number(1000 * median(found), "ms"))
    for name, ratio in relative(times, RECIPE).items():
        results.check(COLD_START, name, "ratio", Number(ratio, at_most=STARTS.get(name)))


def first_item(program: Program) -> float:
    """Return the seconds from the start of a process until it has returned the item."""
    return cold_start(program, EVENT, ("statusCode", 200))


def test_the_bundle_is_small(results: Results) -> None:
    for name, compiled in {"bundle, source": False, "bundle, compiled": True}.items():
        size = bundle_file(compiled=compiled).stat().st_size
        results.check(COST, name, "measured", Number(size, "bytes", at_most=BUNDLE))


def test_a_list_reads_as_many_items_as_it_returns(results: Results, tmp_path_factory: pytest.TempPathFactory) -> None:
    options = Options(state=tmp_path_factory.mktemp("emulator"), port=free_port())
    with start(options) as emulator, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", emulator.options.account)
        patch.setenv("AWS_SECRET_ACCESS_KEY", "local")
        patch.setenv("AWS_DEFAULT_REGION", options.region)
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", emulator.endpoint_url)
        dynamodb = dynamodb_client()
        scanned: list[int] = []
        dynamodb.meta.events.register(
            "after-call.dynamodb.Query", lambda parsed, **_: scanned.append(parsed["ScannedCount"])
        )
        with collection_api("users", dynamodb) as users:
            fill(users)
            for index in (Index(), Index.of_filter("email")):
                assert items_in(users, index.name) == OWN + OTHERS
            for name, query in {"a list": {}, "a filtered list": {"email": EMAIL}}.items():
                scanned.clear()
                found = users.call("list", query={"limit": "100", **query}).json["users"]
                assert len(found) == OWN
                row = f"items read per item that {name} returns, among {OTHERS:,} of other owners"
                results.check(COST, row, "measured", Number(sum(scanned) / len(found), at_most=1))


def fill(users: Api) -> None:
    for number in range(OWN):
        users.created(name=f"{number}", email=EMAIL)
    put_items_of_others(users, OTHERS, name="a", email=EMAIL)


def items_in(users: Api, index: str) -> int:
    """Return the number of items in the index."""
    pages = users.dynamodb.get_paginator("scan").paginate(TableName=users.table, IndexName=index, Select="COUNT")
    return sum(page["Count"] for page in pages)


class StubClient:
    """A DynamoDB client that takes no time."""

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {"Item": ITEM}


def test_cpu_of_a_read_besides_the_client(results: Results) -> None:
    (items,) = (each for each in load_collections() if each.name == "items")
    function = LambdaHandler("read", read.operate)
    environment = Environment(collection=items, table="bench", cors=CorsPolicy(origins=("http://localhost:3000",)))
    function.__dict__.update(dynamodb=StubClient(), environment=environment)
    with contextlib.redirect_stdout(io.StringIO()):
        assert function(EVENT, None)["statusCode"] == 200
        batches = [batch(function) for _ in range(20)]
    results.check(
        COST, "CPU of a read besides DynamoDB's client", "measured", Number(median(batches), "ms", at_most=CPU)
    )


def batch(function: LambdaHandler) -> float:
    """Return the milliseconds of CPU per call."""
    started = time.process_time()
    for _ in range(200):
        function(EVENT, None)
    return (time.process_time() - started) / 200 * 1000
