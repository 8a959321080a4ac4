"""What all tests share: Hypothesis's settings, the engine to test, the real DynamoDB engine, the sample collections."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.dynamodb.server import dynamodb_local
from tests.samples import only_samples

# How long an example takes depends on what else the machine does. `make test` uses Hypothesis's profile `ci`, which has
# no deadline either, and tries the same examples every time.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine", choices=("local", "pulumi"), default="local", help="what deploys the stacks of the end-to-end tests"
    )


@pytest.fixture(scope="session")
def dynamodb_local_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of Amazon's DynamoDB Local, started once; tests that need it are skipped where it is not available."""
    with dynamodb_local(tmp_path_factory.mktemp("dynamodb")) as url:
        yield url


@pytest.fixture
def samples() -> Iterator[None]:
    """Limit the API to the sample collections, for a test that expects exactly these; a team may have added others."""
    with only_samples():
        yield
