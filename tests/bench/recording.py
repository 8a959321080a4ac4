"""A pytest plugin that collects and prints the results of benchmarks, and records them after a full run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.bench.report import Number, Suite, table


@dataclass(frozen=True)
class Results:
    """The results of a module of benchmarks so far."""

    tables: Suite = field(default_factory=Suite)

    def add(self, title: str, row: str, column: str, number: Number) -> None:
        """Add a number to a table."""
        self.tables.setdefault(title, {}).setdefault(row, {})[column] = number

    def check(self, title: str, row: str, column: str, number: Number) -> None:
        """Add a number to a table. Fails if it is not within its limit."""
        self.add(title, row, column, number)
        assert number.is_within_limit, f"{title}: {row}: {column}: {number}"


@dataclass
class Recorder:
    """Passes all results to `record` if every benchmark in `folder` ran and passed."""

    folder: Path
    record: Callable[[dict[str, Suite]], None]
    suites: dict[str, Suite] = field(default_factory=dict[str, Suite])
    passed: set[str] = field(default_factory=set[str])
    is_narrowed: bool = False

    def results(self, module: Path) -> Results:
        """Return the results of a module, by the name of its file."""
        return Results(self.suites.setdefault(module.stem.removeprefix("test_"), {}))

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.is_narrowed = True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus == pytest.ExitCode.OK and self.is_full(session):
            self.record(self.suites)

    def is_full(self, session: pytest.Session) -> bool:
        """Return whether every benchmark ran and passed, so that no number is missing."""
        modules = {item.path for item in session.items}
        is_narrowed = self.is_narrowed or any("::" in argument for argument in session.config.args)
        return (
            not is_narrowed
            and modules >= set(self.folder.glob("test_*.py"))
            and self.passed >= {item.nodeid for item in session.items}
        )

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for name, tables in self.suites.items():
            terminalreporter.section(name)
            for title, rows in tables.items():
                terminalreporter.line(table(title, rows) + "\n")
