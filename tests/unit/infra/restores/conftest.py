"""The engines with which restores are tested: moto's imitation of DynamoDB, and Amazon's own engine."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import botocore.session
import pytest
from moto import mock_aws

from handlers.contract.keys import EXPIRY
from local.emulator.launch import DEFAULT_REGION
from tests.dynamodb.tables import create_table
from tests.unit.infra.restores.database import ACCESS_KEY, TABLE


@pytest.fixture(scope="session", params=["moto", pytest.param("dynamodb-local", marks=pytest.mark.java)])
def dynamodb(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A client of each database, with an account that has only the stack's table.

    The database never deletes expired items, so that a test decides when they disappear.
    """
    more: dict[str, Any] = {}
    with ExitStack() as stack:
        if request.param == "moto":
            stack.enter_context(mock_aws())
        else:
            more["endpoint_url"] = request.getfixturevalue("dynamodb_local_url")
        client: Any = botocore.session.get_session().create_client(
            "dynamodb",
            region_name=DEFAULT_REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key="test",
            **more,
        )
        create_table("items", TABLE, client.meta.endpoint_url, DEFAULT_REGION, ACCESS_KEY)
        client.update_time_to_live(TableName=TABLE, TimeToLiveSpecification={"AttributeName": EXPIRY, "Enabled": False})
        yield client
        client.delete_table(TableName=TABLE)  # the server remains, and the next file may begin with this database again
