"""The tables of the Pulumi program, created by the resource provider of the local stack."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from handlers.contract import Index
from infra.packaging.bundles import ROOT
from local.emulator.launch import DEFAULT_ACCOUNT, DEFAULT_REGION
from local.engine import run
from local.plans.plan import plan
from local.provider.aws import Provider

TABLE = "aws:dynamodb/table:Table"

PROGRAM = """
from infra.naming import Names
from infra.data.data_settings import DataSettings
from infra.data.table import Table, collection_table, table_defaults
from tests.unit.handlers.meetings import COLLECTION

Table(COLLECTION.name, collection_table(COLLECTION, table_defaults(Names("gatehouse", "test"), DataSettings())))
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
    provider(endpoint, region, key).create(TABLE, name, {**tables()[name], "name": table})


def with_indexes(name: str, table: str, indexes: Sequence[Index]) -> dict[str, Any]:
    """Return the inputs of a table of the programs with only some of its indexes."""
    inputs, names = tables()[name], {index.name for index in indexes}
    kept = [each for each in inputs["globalSecondaryIndexes"] if each["name"] in names]
    schemas = [key["attributeName"] for each in kept for key in each["keySchemas"]]
    keys = {inputs["hashKey"], inputs["rangeKey"], *schemas}
    attributes = [each for each in inputs["attributes"] if each["name"] in keys]
    return {**inputs, "name": table, "globalSecondaryIndexes": kept, "attributes": attributes}


@cache
def provider(endpoint: str, region: str = DEFAULT_REGION, key: str = DEFAULT_ACCOUNT) -> Provider:
    """Return the provider of an endpoint's resources."""
    return Provider(endpoint, region=region, account=key)
