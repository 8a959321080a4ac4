"""The authorizer with two databases: a fake one, and Amazon's own engine."""

from collections.abc import Iterator

import pytest

from tests.unit.authorizer.database import Database, database, dynamodb_local


@pytest.fixture(params=["fake", pytest.param("dynamodb-local", marks=pytest.mark.java)])
def revocations(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database with an empty table of revocations."""
    made = database() if request.param == "fake" else dynamodb_local(request.getfixturevalue("dynamodb_local_url"))
    with made as found:
        yield found
