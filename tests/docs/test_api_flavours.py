"""The page about API flavours: measured values, differing answers and missing features are those of the code."""

import json
import re

import pytest

from handlers.contract import load_collections, routes
from infra.api.rest_only import REST_ONLY
from infra.documents.gateway import GatewayDocument
from infra.documents.http_gateway import HttpGatewayDocument
from infra.packaging.bundles import ROOT
from infra.settings import load
from infra.stack_file import read
from local.plans.plan import plan, records
from tests.e2e.gateway_answers import ANSWERS

LAMBDA = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:"


def table(name: str) -> dict[str, list[str]]:
    """Return the cells of a table by the first of each row."""
    text = (ROOT / "docs" / "api-flavours.md").read_text()
    rows = re.findall(r"^\| (.+) \|$", text.partition(f"<!-- {name} -->\n")[2].partition("\n\n")[0], re.MULTILINE)
    return {cells[0].strip("` "): cells[1:] for row in rows[1:] if (cells := [cell.strip() for cell in row.split("|")])}


def measured(flavour: str) -> list[int]:
    planned = plan(ROOT, "dev", {"api.flavour": flavour})
    resources = [each for each in planned.resources if each.type.startswith("aws:")]
    api = [each for each in resources if "apigateway" in each.type or each.name in ("access", "execution")]
    return [len(resources), len(api), len(json.dumps(document(flavour))), len(json.dumps(records(planned)))]


def document(flavour: str) -> dict[str, object]:
    file = read(ROOT, "dev")
    shipped = routes(load_collections())
    given = {
        "title": "gatehouse-dev-api",
        "routes": shipped,
        "functions": {route.name: f"{LAMBDA}gatehouse-dev-{route.name}/invocations" for route in shipped},
        "authorizer": f"{LAMBDA}gatehouse-dev-authorizer/invocations",
        "policy_cache": 300,
    }
    if flavour == "http":
        return HttpGatewayDocument(**given).render()
    return GatewayDocument(**given, api=load(file.project, "dev", file.values).api).render()


@pytest.mark.parametrize(("column", "flavour"), [(0, "rest"), (1, "http")])
def test_the_measured_values_are_current(column: int, flavour: str) -> None:
    """Numbers may differ by a tenth, so that not every new setting changes the page, except those of the API itself."""
    resources, api, *sizes = (int(cells[column]) for cells in table("measured").values())
    found = measured(flavour)
    assert api == found[1]
    assert [resources, *sizes] == [pytest.approx(number, rel=0.1) for number in (found[0], *found[2:])]


def test_the_answers_are_those_that_are_tested() -> None:
    listed = table("answers")
    assert listed.keys() == ANSWERS.keys()
    for name, (rest, http) in listed.items():
        expected = ANSWERS[name]
        assert http == f"{expected['http'].status}, `{json.dumps(expected['http'].body)}`"
        assert rest == f"{expected['rest'].status}, `{expected['rest'].body['type'].rpartition(':')[2]}`"


def test_every_missing_feature_is_listed() -> None:
    assert {name: cells[0] for name, cells in table("lacking").items()} == REST_ONLY
