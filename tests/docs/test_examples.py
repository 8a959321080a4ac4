"""The examples in Python, YAML and JSON."""

import json
import re
import subprocess
import sys
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import yaml

from handlers.contract import Collection, routes
from infra.api.access_log import REST_FORMAT
from infra.checks.deployable import require_deployable
from infra.naming import Names
from infra.packaging.bundles import ROOT
from infra.settings import load
from tests.docs.pages import Block, blocks

BASE = {
    "aws:region": "us-east-1",
    "gatehouse:issuers": [{"name": "main", "url": "https://id.example.com/", "audiences": ["https://api.example.com"]}],
}
"""What an example of a few settings does not show."""

RESPONSE = re.compile(
    r"response: (?P<method>[A-Z]+) (?P<path>\S+)(?: (?P<body>\{.*\}))? (?P<status>[0-9]{3})(?: scope=(?P<scope>\S+))?"
)


def run(block: Block) -> tuple[dict[str, object], str]:
    """Run a block of Python, and return its names and its output."""
    names: dict[str, object] = {"__name__": "example"}
    with redirect_stdout(StringIO()) as output:
        exec(block.text, names)  # noqa: S102  the documentation's own code
    return names, output.getvalue()


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_runs(block: Block) -> None:
    run(block)


@pytest.mark.parametrize("block", [each for each in blocks("python") if each.kind == "collection"], ids=str)
def test_a_documented_collection_has_routes_and_can_be_deployed(block: Block) -> None:
    names, _ = run(block)
    collection = cast("Collection", names["COLLECTION"])
    assert routes([collection])[0].path in ("/invoices", "/visits")
    settings = {key: text_of(value) for key, value in BASE.items()}
    require_deployable(routes([collection]), Names("gatehouse", "prod"), load("gatehouse", "prod", settings))


def test_the_table_of_requests_and_indexes_is_that_of_the_documented_collection() -> None:
    (block,) = (each for each in blocks("python") if each.kind == "collection" and "visits" in each.text)
    collection = cast("Collection", run(block)[0]["COLLECTION"])
    rows = re.findall(r"^\| .+ \| `([a-z_+]+)` \|$", (ROOT / "docs" / "collections.md").read_text(), re.MULTILINE)
    assert rows == [*collection.filters, *collection.ranges]
    assert len(collection.indexes) == len(rows)


def test_python_has_the_right_types(tmp_path: Path) -> None:
    for number, block in enumerate(blocks("python")):
        (tmp_path / f"example_{number}.py").write_text(block.text)
    settings = {"include": [str(tmp_path)], "extraPaths": [str(ROOT)], "typeCheckingMode": "standard",
                "venvPath": str(ROOT), "venv": ".venv"}  # fmt: skip
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [str(Path(sys.executable).parent / "pyright"), "--project", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("block", [each for each in blocks("yaml") if each.kind != "account"], ids=str)
def test_settings_are_accepted(block: Block) -> None:
    found = yaml.safe_load(block.text)
    given: dict[str, Any] = {**BASE, **found.get("config", found)}
    load("gatehouse", "prod", {key: text_of(value) for key, value in given.items()})


def text_of(value: Any) -> str:
    """Return a setting's value as Pulumi passes it to a program."""
    return value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize("block", [each for each in blocks("json") if each.kind == "response"], ids=str)
def test_a_response_is_what_the_running_stack_returns(block: Block, running: Path) -> None:
    asked = RESPONSE.fullmatch(block.label)
    assert asked, block.label
    scope = ["--scope", asked["scope"]] if asked["scope"] else []
    token = output_of(running, "token", "--sub", "documented", *scope)
    headers = {"Authorization": f"Bearer {token}"}
    url = output_of(running, "status", "--url")
    if asked["method"] == "GET":
        for _ in range(2):
            httpx.post(url + asked["path"].partition("?")[0], json={"name": "Guide"}, headers=headers)
    body = json.loads(asked["body"]) if asked["body"] else None
    response = httpx.request(asked["method"], url + asked["path"], json=body, headers=headers)
    assert response.status_code == int(asked["status"])
    assert shape(response.json()) == shape(json.loads(block.text))


@cache
def output_of(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "local", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def shape(value: Any) -> Any:
    """Return a value with what differs from time to time replaced by its type."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        changing = ("id", "created_at", "updated_at", "next_cursor", "request_id")
        return {name: type(each).__name__ if name in changing else shape(each) for name, each in members.items()}
    return [shape(each) for each in cast("list[Any]", value)] if isinstance(value, list) else value


@pytest.mark.parametrize("block", [each for each in blocks("text") if each.kind == "insights"], ids=str)
def test_a_query_of_the_access_log_uses_fields_that_it_has(block: Block) -> None:
    names = re.findall(r"(?:fields |, |filter )([a-z_]+)", block.text)
    assert names
    assert set(names) <= set(json.loads(REST_FORMAT))
