"""What all tests share: the settings of Hypothesis, the engine to test, the real DynamoDB engine, and parallel runs."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.dynamodb.server import dynamodb_local

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


_SHARED_STACK = re.compile(r"tests/e2e/test_\w+\.py::[^[]+\[(rest|http)\b")


def run_together(nodeid: str) -> str:
    """Return what the tests of one process have in common: their shared stack, so that it is deployed once, or file."""
    shared = _SHARED_STACK.match(nodeid)
    return shared[1] if shared else nodeid.partition("::")[0]


class FilesAndStacks(LoadFileScheduling):
    """Assigns files and shared stacks to processes."""

    def _split_scope(self, nodeid: str) -> str:
        return run_together(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    return FilesAndStacks(config, log) if config.getoption("dist") == "loadfile" else None
