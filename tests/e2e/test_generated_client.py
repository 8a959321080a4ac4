"""Clients generated from the OpenAPI document, in Python and TypeScript: they compile and call the running API."""

import importlib
import json
import os
import pkgutil
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from handlers.contract import load_collections, routes
from infra.packaging.bundles import ROOT
from tests.e2e.conftest import Client
from tests.node.typescript import compile_client

PACKAGE = "gatehouse_client"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the Python client. The generator warns about every part of the document that it leaves out."""
    folder = tmp_path_factory.mktemp("generated")
    settings = folder / "settings.yaml"
    settings.write_text("post_hooks: []\n")
    generate = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    files = ["--config", str(settings), "--path", str(ROOT / "openapi.json"), "--output-path", str(folder / PACKAGE)]
    done = subprocess.run([*generate, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(folder)
    yield importlib.import_module(PACKAGE)
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def test_every_module_compiles_and_every_operation_has_one(package: ModuleType) -> None:
    names = {module.name for module in pkgutil.walk_packages(package.__path__, f"{PACKAGE}.")}
    for name in names:
        importlib.import_module(name)
    for route in routes(load_collections()):
        for method in route.operation.methods:
            module = route.operation_id(method).replace("-", "_")
            assert f"{PACKAGE}.api.{route.collection.name}.{module}" in names


@pytest.mark.skipif(shutil.which("node") is None, reason="pyright needs Node.js")
def test_the_python_client_passes_a_type_checker(folder: Path) -> None:
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, PACKAGE]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_python_client_calls_the_api(package: ModuleType, client: Client) -> None:
    def call(name: str, *arguments: Any, **more: Any) -> Any:
        operation = importlib.import_module(f"{PACKAGE}.api.users.users_{name}")
        return operation.sync_detailed(*arguments, client=caller, **more)

    models: Any = importlib.import_module(f"{PACKAGE}.models")
    token = client.token(f"generated-{uuid.uuid4()}")
    with package.AuthenticatedClient(base_url=client.url, token=token, raise_on_unexpected_status=True) as caller:
        created = call("create", body=models.NewUser(name="Jane", id="12345", email="jane@example.com"))
        assert (created.status_code, created.parsed.id, created.parsed.created_at.tzname()) == (201, "12345", "UTC")
        changed = call("update", "12345", body=models.UserPatch(email=None), if_match=created.headers["ETag"])
        assert (changed.parsed.name, changed.parsed.email) == ("Jane", "")
        late = call("delete", "12345", if_match=created.headers["ETag"])
        assert (late.parsed.status, late.parsed.type_) == (412, "urn:gatehouse:problem:precondition-failed")
        assert call("list", user_id="12345").parsed.users == [changed.parsed]


def test_the_typescript_client_calls_the_api(tmp_path: Path, client: Client) -> None:
    compiled = compile_client(ROOT / "openapi.json", tmp_path)
    assert compiled.returncode == 0, compiled.stdout
    environment = {"PATH": os.environ["PATH"], "URL": client.url, "TOKEN": client.token(f"generated-{uuid.uuid4()}")}
    done = subprocess.run(
        ["node", "client.js"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    conflict = f"urn:gatehouse:problem:already-exists; The id '{found['id']}' is already taken."
    assert (found["email"], found["cursor"], found["problem"]) == ("", None, conflict)
