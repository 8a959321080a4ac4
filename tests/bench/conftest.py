"""Results of benchmarks: a table at the end, and `build/bench/<suite>.json` for whoever compares runs."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

import pytest

from infra.bundles import BUILD


@dataclass(frozen=True)
class Result:
    """One number, and the limit it has to keep where there is one."""

    name: str
    measured: float
    unit: str
    limit: float | None = None

    def __str__(self) -> str:
        limit = "" if self.limit is None else f"at most {self.limit:g}"
        return f"{self.name:<64} {self.measured:>9.3f} {self.unit:<8} {limit}".rstrip()


@dataclass
class Results:
    """The results of a module of benchmarks."""

    suite: str
    found: list[Result] = field(default_factory=list[Result])

    def add(self, name: str, measured: float, unit: str = "", limit: float | None = None) -> None:
        """Notes a number; fails where it is above its limit."""
        result = Result(name, round(measured, 6), unit, limit)
        self.found.append(result)
        assert limit is None or measured <= limit, str(result)


_suites: list[Results] = []


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> Iterator[Results]:
    found = Results(request.module.__name__.rpartition("test_")[2])
    _suites.append(found)
    yield found
    folder = BUILD / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{found.suite}.json").write_text(json.dumps([asdict(each) for each in found.found], indent=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for suite in _suites:
        terminalreporter.section(suite.suite)
        for result in suite.found:
            terminalreporter.line(str(result))
