"""One more operation is one entry in OPERATIONS and one module; one more problem is one entry in the catalogue."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import checkout

OPERATIONS = "OPERATIONS: Final[tuple[Operation, ...]] = ("
OPERATION = """
    Operation(
        name="archive",
        methods=("POST",),
        on_item=True,
        status=HTTPStatus.ACCEPTED,
        verb="write",
        actions=("dynamodb:UpdateItem",),
        summary="Archive {an_item}",
        description="Marks {an_item} as archived.",
        success="The archived {item}.",
        problems=(problem.NOT_FOUND, problem.ALREADY_ARCHIVED),
        request_headers=(RequestHeader(name="Prefer", type=str, description="RFC 7240.", example="return=minimal"),),
    ),"""

PROBLEM = """
ALREADY_ARCHIVED = Problem(
    "already-archived", 410, "The item is already archived.", "The item was archived before.", retry_after=7
)
"""

MODULE = '''"""POST /{collection}/{id}: archive an item."""

from handlers.contract.problem import ALREADY_ARCHIVED
from handlers.errors import ProblemError
from handlers.http import Response
from handlers.lambda_handler import Invocation, LambdaHandler
from handlers.representation import item_response


def archive(invocation: Invocation) -> Response:
    """Archive the item, once."""
    item = invocation.store.read(invocation.item_id)
    if item["name"] == "archived":
        raise ProblemError(ALREADY_ARCHIVED)
    return item_response(item, invocation.route.operation.status)


handler = LambdaHandler("archive", archive)
'''

CALLS = """
import json
from handlers.archive import handler
from handlers.contract import load_collections
from handlers.environment import Environment

class DynamoDB:
    def get_item(self, Key, **_):
        name, revision = {"S": Key["id"]["S"]}, {"S": "1"}
        return {"Item": {**Key, "name": name, "description": {"S": ""}, "revision": revision}}

(items,) = (each for each in load_collections() if each.name == "items")
environment = Environment(collection=items, table="t")
handler.__dict__.update(dynamodb=DynamoDB(), environment=environment)
found = []
for item_id in ("new", "archived"):
    context = {"path": "/", "requestId": "r", "authorizer": {"owner": "o", "expires": "9999999999"}}
    event = {"httpMethod": "POST", "pathParameters": {"id": item_id}, "requestContext": context}
    found.append(handler(event, None))
print(json.dumps(found))
"""

GATEWAY_DOCUMENT = """
import json
from handlers.contract import load_collections, routes
from infra.api.api_settings import ApiSettings
from infra.documents.gateway import GatewayDocument

found = routes(load_collections())
document = GatewayDocument(
    title="t", routes=found, functions={route.name: route.name for route in found}, authorizer="a",
    policy_cache=300, api=ApiSettings(cors_origins=("https://a.example",)),
)
print(json.dumps(document.render()))
"""

AUTHORIZER_ROUTES = """
import json
from handlers.contract import load_collections, routes
from infra.authorizer.authorizer import authorizer_bundle
from infra.packaging.bundles import Target
from infra.naming import Names
from infra.settings import load

issuer = {"name": "main", "url": "https://id.example.com", "audiences": ["a"]}
settings = load("gatehouse", "x", {"aws:region": "x", "gatehouse:issuers": json.dumps([issuer])})
data = settings.for_authorizer(Names("gatehouse", "x"), routes(load_collections()))
print(authorizer_bundle(data, Target.of("host")).files["authorizer/settings.json"].decode())
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = checkout(tmp_path_factory.mktemp("project"))
    contract = folder / "handlers" / "contract"
    operations = (contract / "operation.py").read_text()
    assert operations.count(OPERATIONS) == 1
    (contract / "operation.py").write_text(operations.replace(OPERATIONS, OPERATIONS + OPERATION))
    with (contract / "problem.py").open("a") as catalogue:
        catalogue.write(PROBLEM)
    (folder / "handlers" / "archive.py").write_text(MODULE)
    return folder


def output_of(project: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def openapi(project: Path) -> dict[str, Any]:
    output_of(project, "-m", "infra.documents", "openapi.json")
    return json.loads((project / "openapi.json").read_text())


@pytest.fixture(scope="module")
def gateway(project: Path) -> dict[str, Any]:
    return json.loads(output_of(project, "-c", GATEWAY_DOCUMENT))


@pytest.fixture(scope="module")
def planned(project: Path) -> dict[tuple[str, str], dict[str, Any]]:
    records = json.loads(output_of(project, "-m", "local", "plan", "--stack", "prod", "--json"))
    return {(each["type"].rpartition(":")[2], each["name"]): each["inputs"] for each in records}


def test_its_handler_serves_it_and_its_problem(project: Path) -> None:
    archived, refused = json.loads(output_of(project, "-c", CALLS).splitlines()[-1])
    assert (archived["statusCode"], archived["headers"]["ETag"]) == (202, '"1"')
    assert (refused["statusCode"], refused["headers"]["Retry-After"]) == (410, "7")
    assert json.loads(refused["body"]) == {
        "type": "urn:gatehouse:problem:already-archived",
        "title": "Gone",
        "status": 410,
        "detail": "The item is already archived.",
        "request_id": "r",
    }


def test_the_openapi_document_describes_it(openapi: dict[str, Any]) -> None:
    found = openapi["paths"]["/items/{id}"]["post"]
    assert (found["operationId"], found["summary"]) == ("items-archive", "Archive an item")
    assert found["description"] == "Marks an item as archived."
    assert found["security"] == [{"oauth2": ["items:write"]}]
    assert [parameter["name"] for parameter in found["parameters"]] == ["id", "Prefer"]
    assert found["responses"]["202"]["description"] == "The archived item."
    links = openapi["paths"]["/items"]["post"]["responses"]["201"]["links"]
    assert links["archive"]["operationId"] == "items-archive"


def test_the_openapi_document_describes_its_problem(openapi: dict[str, Any]) -> None:
    responses = openapi["paths"]["/items/{id}"]["post"]["responses"]
    assert set(responses) - set(openapi["paths"]["/items/{id}"]["get"]["responses"]) == {"202", "410"}
    assert responses["410"] == {"$ref": "#/components/responses/AlreadyArchived"}
    found = openapi["components"]["responses"]["AlreadyArchived"]
    assert found["description"] == "The item was archived before."
    assert "Retry-After" in found["headers"]
    example = found["content"]["application/problem+json"]["examples"]["already-archived"]["value"]
    assert example["detail"] == "The item is already archived."


def test_api_gateway_routes_it_and_lets_browsers_call_it(gateway: dict[str, Any]) -> None:
    path = gateway["paths"]["/items/{id}"]
    assert path["post"]["x-amazon-apigateway-integration"]["uri"] == "items-archive"
    assert path["post"]["operationId"] == "items-archive"
    assert path["post"]["security"] == [{"bearer": []}]
    preflight = path["options"]["x-amazon-apigateway-integration"]["responses"]["default"]["responseParameters"]
    assert "POST" in preflight["method.response.header.Access-Control-Allow-Methods"]
    assert "prefer" in preflight["method.response.header.Access-Control-Allow-Headers"]


def test_it_has_a_function_a_role_and_a_permission(planned: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert planned["Function", "items-archive"]["handler"] == "handlers.archive.handler"
    assert planned["RolePolicy", "items-archive"]["role"] == planned["Role", "items-archive"]["name"]
    assert planned["Permission", "items-archive-post"]["function"] == planned["Function", "items-archive"]["name"]


def test_the_authorizer_knows_its_route_and_scope(project: Path) -> None:
    routes = json.loads(output_of(project, "-c", AUTHORIZER_ROUTES))["routes"]
    assert {"methods": ["POST"], "path": "/items/{id}", "scope": "items:write"} in routes
