"""Print the results of the benchmarks, and record those of a full run in `docs/results`."""

from pathlib import Path

import pytest

from tests.bench.recording import Recorder, Results
from tests.bench.report import BENCHMARKS, Benchmarks, Documentation, Suite, current_run


def record(suites: dict[str, Suite]) -> None:
    Documentation().record(BENCHMARKS, Benchmarks(current_run(), suites))


recorder = Recorder(Path(__file__).parent, record)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(recorder)


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> Results:
    return recorder.results(request.path)
