"""The trimmed botocore of the handlers' bundle works like the complete one, for DynamoDB."""

import json
import subprocess
import sys
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from infra.packaging.bundles import Target, archive
from infra.packaging.handler_bundles import handlers_bundle
from tests.serving import serving

REGIONS = ("us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1", "il-central-1")
CLIENTS = """
import gc, json, sys
sys.path.insert(0, sys.argv[1])
from handlers import database, read
found = {}
for region in sys.argv[2:]:
    client = database.botocore.session.Session().create_client("dynamodb", region_name=region)
    found[region] = [client.meta.endpoint_url, client._request_signer.signing_name, client._request_signer.region_name]
    operations = sorted(client.meta.method_to_api_mapping)
from botocore.vendored.six.moves import http_client
print(json.dumps({"clients": found, "operations": operations, "gc": gc.isenabled(), "http": http_client.__name__}))
"""


KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "a"}
CREDENTIALS = """
import json, sys
sys.path.insert(0, sys.argv[1])
from handlers import database, read
print(json.dumps(database.client()._request_signer._credentials.get_frozen_credentials()))
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extracted bundle."""
    folder = tmp_path_factory.mktemp("bundle")
    with zipfile.ZipFile(Path(archive(handlers_bundle(Target.of("host"))).path)) as file:
        file.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def trimmed(bundle: Path) -> dict[str, Any]:
    """What a process with nothing but the bundle finds."""
    return run(bundle, CLIENTS, *REGIONS, **KEYS)


def run(bundle: Path, program: str, *arguments: str, **environment: str) -> Any:
    """Run a program in a process with nothing but the bundle, and return what it prints."""
    environment |= {
        "AWS_LAMBDA_FUNCTION_NAME": "a", "AWS_DEFAULT_REGION": "us-east-1", "COLLECTION": "items", "TABLE": "a",
    }  # fmt: skip
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", program, str(bundle), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_has_the_same_endpoint(trimmed: dict[str, Any], region: str) -> None:
    session: Any = botocore.session.Session()
    client = session.create_client("dynamodb", region_name=region, aws_access_key_id="a", aws_secret_access_key="a")
    signer = client._request_signer
    assert trimmed["clients"][region] == [client.meta.endpoint_url, signer.signing_name, signer.region_name]


def test_every_operation_is_there(trimmed: dict[str, Any]) -> None:
    session: Any = botocore.session.Session()
    model = session.get_service_model("dynamodb")
    assert len(trimmed["operations"]) == len(model.operation_names)


def test_six_is_there_under_botocores_name(trimmed: dict[str, Any]) -> None:
    assert trimmed["http"] == "http.client"


def test_garbage_is_collected_once_a_function_is_made(trimmed: dict[str, Any]) -> None:
    assert trimmed["gc"]


class Endpoint(BaseHTTPRequestHandler):
    """The endpoint of credentials, which functions with SnapStart have instead of keys."""

    def do_GET(self) -> None:
        valid = self.headers["Authorization"] == "tok"
        later = "2999-01-01T00:00:00Z"
        found = {"AccessKeyId": "key", "SecretAccessKey": "secret", "Token": "session", "Expiration": later}
        body = json.dumps(found).encode() if valid else b""
        self.send_response(200 if valid else 403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the parameter of the base class
        """Log nothing."""


def test_credentials_come_from_the_endpoint_that_replaces_keys_with_snapstart(bundle: Path) -> None:
    with serving(HTTPServer(("127.0.0.1", 0), Endpoint)) as server:
        url = f"http://127.0.0.1:{server.server_port}/credentials"
        variables = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": url, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "tok"}
        assert run(bundle, CREDENTIALS, **variables)[:3] == ["key", "secret", "session"]
