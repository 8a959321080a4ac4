"""The real DynamoDB engine, for all tests that need one."""

from collections.abc import Iterator

import pytest

from tests.dynamodb.server import dynamodb_local


@pytest.fixture(scope="session")
def dynamodb_local_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of Amazon's DynamoDB Local, started once; tests that need it are skipped where it is not available."""
    with dynamodb_local(tmp_path_factory.mktemp("dynamodb")) as url:
        yield url
