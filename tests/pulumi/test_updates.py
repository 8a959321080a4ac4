"""Changes of a running stack: each changes exactly the resources it should, while a client calls the API."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from handlers.contract import load_collections, routes
from infra.interrupts import INTERRUPTED
from tests.checkout import checkout
from tests.e2e.conftest import two_free_ports
from tests.graph.test_fourth_collection import MODULE
from tests.pulumi.conftest import NO_CLI
from tests.pulumi.deployed import (
    ALIAS,
    API,
    DEPLOYMENT,
    FUNCTION,
    KEY,
    LAYER,
    LOG_GROUP,
    METHOD_SETTINGS,
    NOTHING,
    PERMISSION,
    PLAN,
    PLAN_KEY,
    ROLE,
    ROLE_POLICY,
    STAGE,
    TABLE,
    Changes,
    Deployed,
    compare,
    traffic,
)  # fmt: skip

HANDLERS = {route.name for route in routes(load_collections())}
FUNCTIONS = HANDLERS | {"authorizer"}
PARTS_OF_FUNCTION = {FUNCTION, ROLE, ROLE_POLICY, LOG_GROUP}
REDEPLOYED = {API: {"api"}, STAGE: {"api"}}
ITEM = {"name": "kept"}


@pytest.fixture(scope="module", params=["local", "pulumi"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """A stack with an item, which no update may lose."""
    if request.param == "pulumi" and shutil.which("pulumi") is None:
        pytest.skip(NO_CLI)
    stack = Deployed(checkout(tmp_path_factory.mktemp("checkout")), request.param, two_free_ports())
    try:
        stack.start()
        answer = httpx.post(f"{stack.status['url']}/items", json=ITEM, headers=authorization(stack))
        assert answer.status_code == 201
        yield stack
    finally:
        stack.run("down")


@pytest.fixture
def stack(running: Deployed) -> Iterator[Deployed]:
    """The stack as its files describe it, before and after each test."""
    assert running.change() == NOTHING
    yield running
    running.change()
    (item,) = httpx.get(f"{running.status['url']}/items", headers=authorization(running)).json()["items"]
    assert item["name"] == ITEM["name"]


def authorization(stack: Deployed) -> dict[str, str]:
    return {"Authorization": f"Bearer {stack.token()}"}


def changed_under_traffic(stack: Deployed, *arguments: str) -> Changes:
    """Update the stack while a client calls it, which must not notice."""
    with traffic(stack) as client:
        earlier = client.requests
        changes = stack.change(*arguments)
    assert client.requests > earlier
    assert client.failures == []
    return changes


class TestFunctions:
    def test_the_code_of_the_handlers(self, stack: Deployed) -> None:
        edited = stack.root / "handlers" / "read.py"
        source = edited.read_text()
        edited.write_text(f"{source}\n# changed\n")
        try:
            assert changed_under_traffic(stack) == Changes({}, {}, {}, {FUNCTION: HANDLERS})
        finally:
            edited.write_text(source)

    def test_the_module_of_a_collection(self, stack: Deployed) -> None:
        """The functions of the other collections stay as they are."""
        edited = stack.root / "handlers" / "contract" / "collections" / "items.py"
        source = edited.read_text()
        edited.write_text(f"{source}\n# changed\n")
        try:
            own = {name for name in HANDLERS if name.startswith("items-")}
            assert changed_under_traffic(stack) == Changes({}, {}, {}, {FUNCTION: own})
        finally:
            edited.write_text(source)

    def test_their_memory(self, stack: Deployed) -> None:
        changes = changed_under_traffic(stack, "--set", "functions.memory=320")
        assert changes == Changes({}, {}, {}, {FUNCTION: FUNCTIONS})
        client = stack.client("lambda")
        sizes = {client.get_function(FunctionName=name)["Configuration"]["MemorySize"]
                 for name in stack.status["functions"].values()}  # fmt: skip
        assert sizes == {320}

    def test_their_architecture(self, stack: Deployed) -> None:
        """The functions of another architecture do not run on this machine, so there is no traffic."""
        other = "arm64" if "x86_64" in json.dumps(stack.resources()) else "x86_64"
        changes = stack.change("--set", f"functions.architecture={other}")
        assert changes == Changes({}, {}, {}, {FUNCTION: FUNCTIONS})

    def test_their_layout(self, stack: Deployed) -> None:
        """Other functions take over while clients call the API, and the data stays: the fixture looks for its item."""
        per_collection = {collection.name for collection in load_collections()}
        setting = ("--set", "functions.layout=collection")
        changes = changed_under_traffic(stack, *setting)
        assert changes.created.keys() == {*PARTS_OF_FUNCTION, PERMISSION}
        assert all(names == per_collection for names in changes.created.values())
        assert {type_: changes.deleted[type_] for type_ in PARTS_OF_FUNCTION} == dict.fromkeys(
            PARTS_OF_FUNCTION, HANDLERS
        )
        assert (changes.replaced, changes.updated) == ({DEPLOYMENT: {"api"}}, REDEPLOYED)
        assert stack.change(*setting) == NOTHING
        back = changed_under_traffic(stack)
        assert (back.created, back.deleted) == (changes.deleted, changes.created)

    def test_versions_a_layer_and_tracing(self, stack: Deployed) -> None:
        """They are enabled at once, and disabled at once."""
        setting = tuple(f"--set=functions.{name}=true" for name in ("versions", "layer", "tracing"))
        changes = changed_under_traffic(stack, *setting)
        assert changes.created[ALIAS] == FUNCTIONS
        assert len(changes.created[LAYER]) == 1
        assert changes.created[ROLE_POLICY] == {f"{name}-tracing" for name in FUNCTIONS}
        assert len(changes.created[PERMISSION]) == len(changes.deleted[PERMISSION])
        assert changes.replaced == {DEPLOYMENT: {"api"}}
        assert changes.updated == {**REDEPLOYED, FUNCTION: FUNCTIONS}
        assert stack.change(*setting) == NOTHING
        back = changed_under_traffic(stack)
        assert (back.created, back.deleted) == (changes.deleted, changes.created)


class TestGateway:
    def test_the_origins_that_browsers_may_call_from(self, stack: Deployed) -> None:
        origin = "https://new.example"
        changes = changed_under_traffic(stack, "--set", f'api.corsOrigins=["{origin}"]')
        assert changes == Changes({}, {}, {DEPLOYMENT: {"api"}}, {**REDEPLOYED, FUNCTION: HANDLERS})
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        answer = httpx.options(f"{stack.status['url']}/items", headers=headers)
        assert answer.headers["Access-Control-Allow-Origin"] == origin

    def test_the_limits_of_the_stage(self, stack: Deployed) -> None:
        changes = changed_under_traffic(stack, "--set", "api.throttleRate=50")
        assert changes == Changes({}, {}, {}, {METHOD_SETTINGS: {"api"}})

    def test_the_retention_of_the_logs(self, stack: Deployed) -> None:
        changes = changed_under_traffic(stack, "--set", "logs.retentionDays=30")
        assert changes == Changes({}, {}, {}, {LOG_GROUP: FUNCTIONS | {"access", "execution"}})


def test_a_collection_is_added_and_removed(stack: Deployed) -> None:
    module = stack.root / "handlers" / "contract" / "collections" / "invoices.py"
    invoices = {f"invoices-{name}" for name in ("list", "create", "read", "replace", "update", "delete")}
    module.write_text(MODULE)
    try:
        changes = changed_under_traffic(stack)
        created = changes.created
        assert changes.updated == {**REDEPLOYED, FUNCTION: {"authorizer"}}
        assert (changes.deleted, changes.replaced) == ({}, {DEPLOYMENT: {"api"}})
        assert set(created) == {TABLE, FUNCTION, ROLE, ROLE_POLICY, LOG_GROUP, PERMISSION}
        assert created[TABLE] == {"invoices"}
        assert all(created[type_] == invoices for type_ in (FUNCTION, ROLE, ROLE_POLICY, LOG_GROUP))
        url, headers = f"{stack.status['url']}/invoices", authorization_of(stack, "invoices:read invoices:write")
        assert httpx.post(url, json={"customer": "c", "amount": 3}, headers=headers).status_code == 201
        assert len(httpx.get(url, headers=headers).json()["invoices"]) == 1
        for lowest, found in ((3, 1), (4, 0)):
            page = httpx.get(url, params={"amount_from": lowest, "order": "-amount"}, headers=headers).json()
            assert len(page["invoices"]) == found
    finally:
        module.unlink()
    changes = changed_under_traffic(stack)
    assert changes.deleted == created
    assert (changes.created, changes.replaced) == ({}, {DEPLOYMENT: {"api"}})
    assert changes.updated == {**REDEPLOYED, FUNCTION: {"authorizer"}}
    assert httpx.get(url, headers=headers).status_code == 404


def test_a_range_is_added_to_a_collection_with_data_and_removed(stack: Deployed) -> None:
    """The item of the fixture, which was stored before, is in the range."""
    edited = stack.root / "handlers" / "contract" / "collections" / "items.py"
    source = edited.read_text()
    edited.write_text(source.replace("COLLECTION = Collection(", 'COLLECTION = Collection(\n    ranges=("name",),'))
    url, headers = f"{stack.status['url']}/items", authorization(stack)
    table = {"TableName": "gatehouse-local-items"}
    try:
        changes = changed_under_traffic(stack)
        own = {name for name in HANDLERS if name.startswith("items-")}
        assert changes.updated == {**REDEPLOYED, FUNCTION: own, TABLE: {"items"}, ROLE_POLICY: {"items-list"}}
        assert (changes.created, changes.deleted, changes.replaced) == ({}, {}, {DEPLOYMENT: {"api"}})
        (index,) = stack.client("dynamodb").describe_table(**table)["Table"]["GlobalSecondaryIndexes"]
        assert (index["IndexName"], index["IndexStatus"]) == ("name_range", "ACTIVE")
        for lowest, found in (("kept", 1), ("kepu", 0)):
            page = httpx.get(url, params={"name_from": lowest}, headers=headers).json()
            assert len(page["items"]) == found
    finally:
        edited.write_text(source)
    assert changed_under_traffic(stack).updated == changes.updated
    assert "GlobalSecondaryIndexes" not in stack.client("dynamodb").describe_table(**table)["Table"]
    assert httpx.get(url, params={"name_from": "kept"}, headers=headers).status_code == 400


def authorization_of(stack: Deployed, scope: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {stack.token('--scope', scope)}"}


def plans(**clients: list[str]) -> str:
    described = [
        {"name": name, "rate": 50, "burst": 100, "clients": {"local": listed}} for name, listed in clients.items()
    ]
    return f"--set=usage.plans={json.dumps(described)}"


def test_usage_plans_are_added_a_client_is_moved_and_a_plan_is_removed(stack: Deployed) -> None:
    """While the first plan is deployed, API Gateway rejects clients whose keys do not exist yet."""
    with traffic(stack) as client:
        changes = stack.change(plans(gold=["local-cli"], silver=["app", "web"]))
    assert changes.created.keys() == {PLAN, KEY, PLAN_KEY}
    assert changes.created[PLAN] == {"gold", "silver"}
    assert changes.updated == {**REDEPLOYED, FUNCTION: {"authorizer"}}
    assert (changes.deleted, changes.replaced) == ({}, {DEPLOYMENT: {"api"}})
    assert {failure.split(": ")[1].split()[0] for failure in client.failures} <= {"403"}

    changes = changed_under_traffic(stack, plans(gold=["local-cli", "app"], silver=["web"]))
    assert changes == Changes({}, {}, {PLAN_KEY: {"local|app"}}, {})

    changes = changed_under_traffic(stack, plans(gold=["local-cli", "app"]))
    assert changes.deleted == {PLAN: {"silver"}, KEY: {"local|web"}, PLAN_KEY: {"local|web"}}
    assert (changes.created, changes.replaced) == ({}, {})
    assert changes.updated == {FUNCTION: {"authorizer"}}


def test_revocation_is_disabled_and_enabled(stack: Deployed) -> None:
    name = "authorizer-revocations"
    changes = changed_under_traffic(stack, "--set", "revocation.enabled=false")
    removed = {TABLE: {name}, ROLE_POLICY: {"authorizer-revocation"}}
    assert changes == Changes({}, removed, {}, {FUNCTION: {"authorizer"}})
    changes = changed_under_traffic(stack)
    assert changes == Changes(removed, {}, {}, {FUNCTION: {"authorizer"}})


def test_a_change_that_would_replace_a_protected_table_is_rejected(stack: Deployed) -> None:
    stack.change("--set", "data.protect=true")
    protected, tables = stack.resources(), stack.client("dynamodb").list_tables()["TableNames"]
    edited = stack.root / "infra" / "data" / "table.py"
    source = edited.read_text()
    edited.write_text(source.replace("hash_key=args.keys[0]", "hash_key=args.keys[-1]"))
    try:
        done = stack.up("--set", "data.protect=true")
    finally:
        edited.write_text(source)
    assert done.returncode != 0
    assert "protect" in done.stdout + done.stderr
    assert compare(protected, stack.resources()) == NOTHING
    assert stack.client("dynamodb").list_tables()["TableNames"] == tables


class TestFailures:
    @pytest.fixture
    def module(self, stack: Deployed) -> Iterator[Path]:
        """One more collection, which an update that fails or is interrupted creates in part."""
        path = stack.root / "handlers" / "contract" / "collections" / "invoices.py"
        path.write_text(MODULE)
        yield path
        path.unlink()

    def test_an_update_that_fails_half_way_is_resumed(self, stack: Deployed, module: Path) -> None:
        assert module.exists()
        logs, group = stack.client("logs"), "/aws/lambda/gatehouse-local-invoices-update"
        logs.create_log_group(logGroupName=group)  # the deployment cannot create it
        before = stack.resources()
        with traffic(stack) as client:
            done = stack.up()
        assert done.returncode != 0
        assert "ResourceAlreadyExists" in done.stdout + done.stderr
        assert client.failures == []
        assert before.keys() < stack.resources().keys()
        logs.delete_log_group(logGroupName=group)
        self.resume(stack)

    def test_an_interrupted_update_is_resumed(self, stack: Deployed, module: Path) -> None:
        assert module.exists()
        client = stack.client("dynamodb")
        table = "gatehouse-local-invoices"
        done = stack.up_interrupted(lambda: table in client.list_tables()["TableNames"])
        assert done.returncode == INTERRUPTED
        assert done.stderr.splitlines()[-1] == "gatehouse: interrupted; the next `up` continues from here"
        # The CLI's language host ends with a traceback.
        assert ("Traceback" in done.stdout + done.stderr) <= (stack.engine == "pulumi")
        self.resume(stack)

    def resume(self, stack: Deployed) -> None:
        """Complete the update, which must have the same result as one that was not interrupted."""
        assert stack.up().returncode == 0
        assert {"list", "create", "read", "replace", "update", "delete"} == {
            name.removeprefix("invoices-")
            for name in (urn.rpartition("::")[2] for urn in stack.resources() if f"{FUNCTION}::invoices-" in urn)
        }
        headers = authorization_of(stack, "invoices:read invoices:write")
        url = f"{stack.status['url']}/invoices"
        assert httpx.post(url, json={"customer": "c", "amount": 3}, headers=headers).status_code == 201
        assert stack.change() == NOTHING
