"""The trimmed botocore of the handlers' bundle works like the complete one, for DynamoDB."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from infra.bundles import Target, archive
from infra.handler_bundles import handlers_bundle

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


@pytest.fixture(scope="module")
def trimmed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process with nothing but the bundle finds."""
    folder = tmp_path_factory.mktemp("bundle")
    with zipfile.ZipFile(Path(archive(handlers_bundle(Target.of("host"))).path)) as bundle:
        bundle.extractall(folder)
    environment = {
        "AWS_LAMBDA_FUNCTION_NAME": "a", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "a",
        "AWS_DEFAULT_REGION": "us-east-1", "COLLECTION": "items", "TABLE": "a",
    }  # fmt: skip
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", CLIENTS, str(folder), *REGIONS]
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
