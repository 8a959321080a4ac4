"""The types that openapi-typescript generates from the OpenAPI document, with its default options."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.packaging.bundles import ROOT
from tests.node.typescript import compile_client


def test_a_client_creates_without_optional_fields_and_reads_every_error_as_a_problem(tmp_path: Path) -> None:
    done = compile_client(ROOT / "openapi.json", tmp_path)
    assert done.returncode == 0, done.stdout


def add_default(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["NewUser"]["properties"]["email"]["default"] = ""


def add_other_error(document: dict[str, Any]) -> None:
    schema = {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}
    document["components"]["responses"]["TooLarge"]["content"]["application/json"] = {"schema": schema}


@pytest.mark.parametrize(
    ("change", "message"), [(add_default, "'email' is missing"), (add_other_error, "is not assignable to type")]
)
def test_a_document_that_breaks_such_a_client_does_not_compile(
    change: Callable[[dict[str, Any]], None], message: str, tmp_path: Path
) -> None:
    document = json.loads((ROOT / "openapi.json").read_text())
    change(document)
    changed = tmp_path / "openapi.json"
    changed.write_text(json.dumps(document))
    done = compile_client(changed, tmp_path)
    assert done.returncode != 0
    assert message in done.stdout
