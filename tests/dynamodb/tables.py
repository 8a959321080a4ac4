"""The tables of the Pulumi program, created by the resource provider of the local stack."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from infra.bundles import ROOT
from local.emulator.launch import DEFAULT_ACCOUNT, DEFAULT_REGION
from local.engine import run
from local.plan import plan
from local.provider.aws import Provider

TABLE = "aws:dynamodb/table:Table"

PROGRAM = """
from infra.naming import Names
from infra.table import DataSettings, Table, collection_table
from tests.unit.handlers.meetings import COLLECTION

Table(COLLECTION.name, collection_table(COLLECTION, Names("gatehouse", "test"), DataSettings(), {}))
"""
"""A program with the table of a collection for tests."""


@cache
def tables() -> Mapping[str, Mapping[str, Any]]:
    """Return the inputs of the programs' tables, by their names in the programs."""
    deployment = plan(ROOT, "dev", {"revocation.enabled": "true"})
    with TemporaryDirectory() as folder:
        program = Path(folder) / "__main__.py"
        program.write_text(PROGRAM)
        provider = Provider(None, region=DEFAULT_REGION)
        of_tests = run(program, project="gatehouse", stack="test", config={}, provider=provider, preview=True)
    return {each.name: each.inputs for each in (*deployment.resources, *of_tests.resources) if each.type == TABLE}


def create_table(
    name: str, table: str, endpoint: str, region: str = DEFAULT_REGION, key: str = DEFAULT_ACCOUNT
) -> None:
    """Create a table of the programs under another physical name, in the database of an access key and a region."""
    _provider(endpoint, region, key).create(TABLE, name, {**tables()[name], "name": table})


@cache
def _provider(endpoint: str, region: str, key: str) -> Provider:
    return Provider(endpoint, region=region, account=key)
