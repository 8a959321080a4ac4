"""The tables of the Pulumi program, created by the resource provider of the local stack."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from infra.bundles import ROOT
from local.emulator.launch import DEFAULT_ACCOUNT, DEFAULT_REGION
from local.plan import plan
from local.provider.aws import Provider

TABLE = "aws:dynamodb/table:Table"


@cache
def tables() -> Mapping[str, Mapping[str, Any]]:
    """Return the inputs of the program's tables, by their names in the program."""
    deployment = plan(ROOT, "dev", {"revocation.enabled": "true"})
    return {each.name: each.inputs for each in deployment.resources if each.type == TABLE}


def create_table(
    name: str, table: str, endpoint: str, region: str = DEFAULT_REGION, key: str = DEFAULT_ACCOUNT
) -> None:
    """Create a table of the program under another physical name, in the database of an access key and a region."""
    _provider(endpoint, region, key).create(TABLE, name, {**tables()[name], "name": table})


@cache
def _provider(endpoint: str, region: str, key: str) -> Provider:
    return Provider(endpoint, region=region, account=key)
