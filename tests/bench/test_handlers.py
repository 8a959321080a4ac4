"""How fast the handlers are: cold starts against a plain boto3 handler, what a list reads, CPU per request."""

import contextlib
import io
import time
from statistics import median, quantiles
from typing import Any

import pytest

from handlers.attributes import attributes
from handlers.contract import load_collections
from handlers.contract.keys import PARTITION_KEY, SORT_KEY, index_name
from handlers.database import client as dynamodb_client
from handlers.function import Function
from handlers.read import handler as read
from handlers.settings import Settings
from local.emulator.launch import Options, free_port, start
from tests.bench.conftest import Results
from tests.bench.lambda_runtime import EVENT, ITEM, Program, cold_start
from tests.bench.programs import bundle_file, ours, recipe
from tests.unit.handlers.conftest import Api, collection_api

RUNS = 15
AS_SOURCE, AS_COMPILED = 0.75, 0.45
"""How long a cold start may take, the recipe's being 1."""

BUNDLE = 2_000_000
"""How many bytes a bundle may have."""

CPU = 0.25
"""Milliseconds of CPU that a read may take besides DynamoDB's client."""

OTHERS, OWN = 100_000, 20
"""How many items of other owners, and of the caller, a list finds in its table."""


def test_cold_start_to_the_first_item(results: Results) -> None:
    programs = {"recipe": recipe(), "source": ours(), "compiled": ours(compiled=True)}
    seconds = interleaved(programs)
    for name, found in seconds.items():
        results.add(f"cold start, {name}", 1000 * median(found), "ms")
    base = undisturbed(seconds["recipe"])
    results.add("cold start as source / recipe", undisturbed(seconds["source"]) / base, limit=AS_SOURCE)
    results.add("cold start as compiled files / recipe", undisturbed(seconds["compiled"]) / base, limit=AS_COMPILED)


def interleaved(programs: dict[str, Program]) -> dict[str, list[float]]:
    """Seconds of cold starts, in turn, so that what else the machine does falls on all alike."""
    for program in programs.values():
        first_item(program)
    rounds = [{name: first_item(program) for name, program in programs.items()} for _ in range(RUNS)]
    return {name: [each[name] for each in rounds] for name in programs}


def first_item(program: Program) -> float:
    """Seconds from a process's start until it has answered with the item."""
    return cold_start(program, EVENT, ("statusCode", 200))


def undisturbed(seconds: list[float]) -> float:
    """The first quartile: what a busy machine adds is mostly in the others."""
    return quantiles(seconds, n=4)[0]


def test_the_bundle_is_small(results: Results) -> None:
    results.add("bundle as source", bundle_file().stat().st_size, "bytes", BUNDLE)
    results.add("bundle of compiled files", bundle_file(compiled=True).stat().st_size, "bytes", BUNDLE)


def test_a_list_reads_as_many_items_as_it_returns(results: Results, tmp_path_factory: pytest.TempPathFactory) -> None:
    options = Options(state=tmp_path_factory.mktemp("emulator"), port=free_port())
    with start(options) as emulator, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", emulator.credentials.access_key_id)
        patch.setenv("AWS_SECRET_ACCESS_KEY", emulator.credentials.secret_access_key)
        patch.setenv("AWS_DEFAULT_REGION", options.region)
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", emulator.endpoint_url)
        dynamodb = dynamodb_client()
        scanned: list[int] = []
        dynamodb.meta.events.register(
            "after-call.dynamodb.Query", lambda parsed, **_: scanned.append(parsed["ScannedCount"])
        )
        with collection_api("users", dynamodb) as users:
            fill(users)
            for name, query in {"list": {}, "filtered list": {"email": "a@b"}}.items():
                scanned.clear()
                found = users.call("list", query={"limit": "100", **query}).json["users"]
                assert len(found) == OWN
                results.add(
                    f"{name}: items read / returned, among {OTHERS:,} others", sum(scanned) / len(found), limit=1
                )


def fill(users: Api) -> None:
    for number in range(OWN):
        users.created(name=f"{number}", email="a@b")
    requests = [{"PutRequest": {"Item": of_another(number)}} for number in range(OTHERS)]
    for begin in range(0, OTHERS, 25):
        users.dynamodb.batch_write_item(RequestItems={users.table: requests[begin : begin + 25]})


def of_another(number: int) -> dict[str, Any]:
    owner = f"local|owner-{number % 1000}"
    return attributes(
        {PARTITION_KEY: owner, SORT_KEY: f"{number}", "name": "a", index_name("email"): f"{owner}#email#a@b"}
    )


class StubClient:
    """A DynamoDB client that takes no time."""

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {"Item": ITEM}


def test_cpu_of_a_read_besides_the_client(results: Results) -> None:
    (items,) = (each for each in load_collections() if each.name == "items")
    function = Function(read.operate, read.parameters)
    settings = Settings(collection=items, table="bench", cors_origins=("http://localhost:3000",))
    function.__dict__.update(dynamodb=StubClient(), settings=settings)
    with contextlib.redirect_stdout(io.StringIO()):
        assert function(EVENT, None)["statusCode"] == 200
        batches = [batch(function) for _ in range(20)]
    results.add("CPU of a read besides the client", median(batches), "ms", CPU)


def batch(function: Function) -> float:
    """Milliseconds of CPU per call."""
    started = time.process_time()
    for _ in range(200):
        function(EVENT, None)
    return (time.process_time() - started) / 200 * 1000
