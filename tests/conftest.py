"""What tests in several folders share: the engine to test, and the real DynamoDB engine."""

from collections.abc import Iterator

import pytest

from tests.dynamodb.server import dynamodb_local


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine", choices=("local", "pulumi"), default="local", help="what deploys the stacks of the end-to-end tests"
    )


@pytest.fixture(scope="session")
def dynamodb_local_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of Amazon's DynamoDB Local, started once; tests that need it are skipped where it is not available."""
    with dynamodb_local(tmp_path_factory.mktemp("dynamodb")) as url:
        yield url
