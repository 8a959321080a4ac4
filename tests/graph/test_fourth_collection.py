"""One more collection is one more module; everything else is derived from it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import checkout

MODULE = '''"""Invoices: a customer and an amount."""

from typing import Annotated

from msgspec import Meta

from handlers.contract.collection import Collection, Model


class Invoice(Model):
    """The fields of an invoice that a client may write."""

    customer: Annotated[str, Meta(min_length=1)]
    amount: Annotated[int, Meta(ge=0)]


COLLECTION = Collection(
    name="invoices", model=Invoice, example={"customer": "c", "amount": 3}, ranges=("amount",)
)
'''

TESTS_OF_FIGURES = (
    "tests/docs/test_alarms.py::test_the_page_says_how_many_alarms_the_stack_has_and_what_they_cost",
    "tests/docs/test_api_flavours.py::test_the_measured_values_are_current[1-http]",
    "tests/docs/test_cost.py::test_what_is_counted_is_in_the_plan",
    "tests/docs/test_resources.py::test_the_rest_of_the_stack_is_as_large_as_the_page_says",
    "tests/graph/test_diagram.py::test_usage_plans_are_counted",
    "tests/graph/test_names.py::test_physical_names_stay_the_same[dev]",
)
"""Tests whose figures are those of the samples, one of each file that has any."""

ROUTES = {"list", "create", "read", "replace", "update", "delete"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = checkout(tmp_path_factory.mktemp("project"))
    (folder / "handlers" / "contract" / "collections" / "invoices.py").write_text(MODULE)
    return folder


def output_of(project: Path, *command: str) -> str:
    done = subprocess.run([sys.executable, *command], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def records(project: Path) -> list[dict[str, Any]]:
    return json.loads(output_of(project, "-m", "local", "plan", "--stack", "prod", "--json"))


def of_type(records: list[dict[str, Any]], suffix: str) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in records if each["type"] == f"aws:{suffix}"}


def test_it_has_functions_roles_and_policies(records: list[dict[str, Any]]) -> None:
    expected = {f"invoices-{name}" for name in ROUTES}
    for kind in (
        "lambda/function:Function",
        "iam/role:Role",
        "iam/rolePolicy:RolePolicy",
        "cloudwatch/logGroup:LogGroup",
    ):
        assert expected <= set(of_type(records, kind)), kind


def test_it_has_a_table_that_prod_protects(records: list[dict[str, Any]]) -> None:
    assert of_type(records, "dynamodb/table:Table")["invoices"]["protect"] is True


def test_its_range_has_an_index_sorted_by_number(records: list[dict[str, Any]]) -> None:
    table = of_type(records, "dynamodb/table:Table")["invoices"]["inputs"]
    (index,) = table["globalSecondaryIndexes"]
    assert index["name"] == "amount_range"
    assert [key["attributeName"] for key in index["keySchemas"]] == ["owner", "amount"]
    assert {"name": "amount", "type": "N"} in table["attributes"]
    assert {"name": "owner", "type": "S"} in table["attributes"]


def test_api_gateway_may_invoke_its_functions(records: list[dict[str, Any]]) -> None:
    assert {"invoices-list", "invoices-update-patch"} <= set(of_type(records, "lambda/permission:Permission"))


def test_the_authorizer_knows_its_routes_and_scopes(project: Path) -> None:
    code = (
        "import json;"
        "from infra.authorizer.authorizer import authorizer_bundle;"
        "from infra.packaging.bundles import Target;"
        "from infra.naming import Names;"
        "from infra.settings import load;"
        "from handlers.contract import load_collections, routes;"
        "issuer = {'name': 'main', 'url': 'https://id.example.com', 'audiences': ['a']};"
        "settings = load('gatehouse', 'x', {'aws:region': 'x', 'gatehouse:issuers': json.dumps([issuer])});"
        "data = settings.for_authorizer(Names('gatehouse', 'x'), routes(load_collections()));"
        "print(authorizer_bundle(data, Target.of('host')).files['authorizer/settings.json'].decode())"
    )
    known = json.loads(output_of(project, "-c", code))["routes"]
    found = {(method, each["path"]): each["scope"] for each in known for method in each["methods"]}
    assert found["GET", "/invoices/{id}"] == "invoices:read"
    assert found["HEAD", "/invoices"] == "invoices:read"
    assert found["DELETE", "/invoices/{id}"] == "invoices:write"


def test_both_documents_describe_it(project: Path) -> None:
    output_of(project, "-m", "infra.documents", "openapi.json")
    document = json.loads((project / "openapi.json").read_text())
    assert set(document["paths"]["/invoices"]) == {"get", "head", "post"}
    assert set(document["paths"]["/invoices/{id}"]) == {"get", "head", "put", "patch", "delete"}
    scopes = document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"]
    assert {"invoices:read", "invoices:write"} <= set(scopes)
    assert document["components"]["schemas"]["Invoice"]["required"] == ["customer", "amount"]


def test_an_outdated_document_is_reported(project: Path, tmp_path: Path) -> None:
    stale = tmp_path / "openapi.json"
    stale.write_text("{}")
    done = subprocess.run(
        [sys.executable, "-m", "infra.documents", "--check", str(stale)],
        cwd=project, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "make openapi" in done.stderr


def test_tests_of_figures_pass_because_they_leave_it_out(project: Path) -> None:
    output = output_of(project, "-m", "pytest", "-q", *TESTS_OF_FIGURES)
    assert f"{len(TESTS_OF_FIGURES)} passed" in output
