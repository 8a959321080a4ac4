"""The recorded results of `make bench` and `make mutate`, and their quotations in the documentation.

`python -m tests.bench.report` renders the documentation again from the files in `docs/results`.
"""

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from infra.packaging.bundles import ROOT
from tests.bench import chart

BENCHMARKS, MUTATION = "benchmarks", "mutation"
"""Names of the recorded results: of their files, and of the marked blocks of the performance page that quote them."""

SPEED = "speed"
"""Name of the marked block of the README that quotes a few of the benchmarks."""

CHART = "authorizer.svg"

DECISIONS = "decisions per second, not cached, ÷ bare verify()"
HIGHLIGHTS = {
    "decisions per second (RS256, not cached), relative to a bare signature check": (
        "authorizer", DECISIONS, "gatehouse", "RS256",
    ),
    "for comparison: PyJWT with its `PyJWKClient`, relative to a bare signature check": (
        "authorizer", DECISIONS, "PyJWT + PyJWKClient, warm", "RS256",
    ),
    "cold start to the first decision (keys over https), relative to an authorizer with PyJWT": (
        "authorizer", "cold start to the first decision, ÷ the recipe", "gatehouse, source", "key set over https",
    ),
    "cold start to the first `GetItem`, relative to a handler with `boto3.client`": (
        "handlers", "cold start to the first `GetItem`, ÷ a plain `boto3.client` handler", "gatehouse, source", "ratio",
    ),
}  # fmt: skip
"""The quotations in the README: the words, and the suite, table, row and column of the number."""


class Number(msgspec.Struct, frozen=True, omit_defaults=True):
    """A measured number, which is a ratio if it has no unit, and its optional limit."""

    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def limit(self) -> float | None:
        """The lower or upper limit."""
        return self.at_most if self.at_least is None else self.at_least

    @property
    def is_within_limit(self) -> bool:
        """Whether the number, before any rounding, is within its limit."""
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    def __str__(self) -> str:
        limits = (("≥", self.at_least), ("≤", self.at_most))
        shown = ", ".join(f"{sign} {_decimal(limit)}" for sign, limit in limits if limit is not None)
        return f"{_decimal(self.value)} {self.unit}".rstrip() + (f" ({shown})" if shown else "")


Table = dict[str, dict[str, Number]]
"""Rows by name; each has its numbers by column."""

Suite = dict[str, Table]
"""The tables of a module of benchmarks, by title."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The date (in UTC), the commit and the machine of a measurement."""

    date: str
    commit: str | None
    python: str
    machine: str
    cores: int

    def __str__(self) -> str:
        commit = f", commit {self.commit}" if self.commit else ""
        return f"Measured on {self.date} with Python {self.python} on {self.machine}, {self.cores} cores{commit}."


class Benchmarks(msgspec.Struct, frozen=True):
    """The results of a full run of the benchmarks."""

    run: Run
    suites: dict[str, Suite]


class Mutation(msgspec.Struct, frozen=True, kw_only=True):
    """The results of a full run of mutation testing. `other` mutants crashed or were not covered by tests."""

    run: Run
    tool: str
    mutants: int
    killed: int
    timed_out: int
    survived: int
    other: int
    score: float
    """Percent of the mutants that were detected: killed or timed out."""


Recorded = TypeVar("Recorded", Benchmarks, Mutation)


def current_run() -> Run:
    """Return the date, commit and machine of this run."""
    return Run(
        date=datetime.now(UTC).date().isoformat(),
        commit=_commit(),
        python=platform.python_version(),
        machine=platform.machine(),
        cores=os.cpu_count() or 1,
    )


@dataclass(frozen=True)
class Documentation:
    """The files of the documentation with results or quotations of them."""

    root: Path = ROOT

    @property
    def readme(self) -> Path:
        """The page that quotes a few results."""
        return self.root / "README.md"

    @property
    def page(self) -> Path:
        """The page that quotes all results."""
        return self.root / "docs" / "performance.md"

    @property
    def results(self) -> Path:
        """The folder of the records."""
        return self.root / "docs" / "results"

    def recorded(self, name: str, kind: type[Recorded]) -> Recorded | None:
        """Return the results of the last full run, or None."""
        path = self.results / f"{name}.json"
        return msgspec.json.decode(path.read_bytes(), type=kind) if path.exists() else None

    def record(self, name: str, found: Benchmarks | Mutation) -> None:
        """Replace the record, and render everything that depends on it."""
        self.results.mkdir(parents=True, exist_ok=True)
        (self.results / f"{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
        self.render()

    def render(self) -> None:
        """Render the records' pages, and the blocks of the pages that quote them."""
        for path, text in self.rendered().items():
            path.write_text(text)

    def rendered(self) -> dict[Path, str]:
        """Return the rendered content of each file."""
        benchmarks, mutation = self.recorded(BENCHMARKS, Benchmarks), self.recorded(MUTATION, Mutation)
        page = with_block(self.page.read_text(), BENCHMARKS, quoted_tables(benchmarks) if benchmarks else "\n")
        speed = quoted_speed(benchmarks) if benchmarks else "\n"
        files = {
            self.page: with_block(page, MUTATION, quoted_score(mutation) if mutation else ""),
            self.readme: with_block(self.readme.read_text(), SPEED, speed),
        }
        if benchmarks:
            files[self.results / f"{BENCHMARKS}.md"] = benchmarks_page(benchmarks)
            files[self.results / CHART] = chart.svg(charts(benchmarks)) + "\n"
        if mutation:
            files[self.results / f"{MUTATION}.md"] = mutation_page(mutation)
        return files


def with_block(text: str, name: str, content: str) -> str:
    """Return the text with the content between `<!-- name -->` and `<!-- /name -->` replaced."""
    before, after = marks(name)
    head, _, rest = text.partition(before)
    _, found, tail = rest.partition(after)
    if not found:
        raise ValueError(f"{before} … {after} is missing")
    return f"{head}{before}{content}{after}{tail}"


def marks(name: str) -> tuple[str, str]:
    """Return the comments around a block."""
    return f"<!-- {name} -->", f"<!-- /{name} -->"


def tables(benchmarks: Benchmarks) -> str:
    """Return the tables of the benchmarks in Markdown, and where and when they were measured."""
    rendered = [table(title, rows) for suite in benchmarks.suites.values() for title, rows in suite.items()]
    return "\n\n".join([str(benchmarks.run), *rendered]) + "\n"


def table(title: str, rows: Table) -> str:
    """Return a table in Markdown, with the limit beside each number that has one."""
    named = columns(rows)
    lines = [[title, *named], ["---"] * (1 + len(named))]
    lines += [[name, *(str(row.get(column, "")) for column in named)] for name, row in rows.items()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def columns(rows: Table) -> list[str]:
    """Return the columns of a table, in the order of their first use."""
    return list(dict.fromkeys(column for row in rows.values() for column in row))


def benchmarks_page(benchmarks: Benchmarks) -> str:
    """Return the page of the benchmarks."""
    about = f"Written by `make bench` from [{BENCHMARKS}.json]({BENCHMARKS}.json), which has the unrounded numbers."
    limits = "A number in parentheses is the limit; `make bench` fails if it is not met."
    return f"# Benchmarks\n\n{about} {limits}\n\n{tables(benchmarks)}\n![The authorizer's ratios]({CHART})\n"


def mutation_page(mutation: Mutation) -> str:
    """Return the page of mutation testing."""
    counts = {
        "mutants": mutation.mutants,
        "killed": mutation.killed,
        "timed out": mutation.timed_out,
        "survived": mutation.survived,
        "other": mutation.other,
    }
    rows = {name: {"": Number(count)} for name, count in counts.items()}
    rows["detected (killed or timed out)"] = {"": Number(mutation.score, "%")}
    about = "Mutation testing of `authorizer/`, written by `make mutate`."
    return f"# Mutation testing\n\n{about} {mutation.run}\n\n{table(mutation.tool, rows)}\n"


def quoted_tables(benchmarks: Benchmarks) -> str:
    """Return the performance page's block of the benchmarks."""
    return f"\n{tables(benchmarks)}\n[Unrounded numbers and a chart](results/{BENCHMARKS}.md)\n"


def quoted_speed(benchmarks: Benchmarks) -> str:
    """Return the README's block: the highlights that the benchmarks have."""
    suites, lines = benchmarks.suites, [f"| Measured on {benchmarks.run.date} | ratio |", "| --- | --- |"]
    for words, (suite, title, row, column) in HIGHLIGHTS.items():
        number = suites.get(suite, {}).get(title, {}).get(row, {}).get(column)
        lines += [f"| {words} | {_decimal(number.value)} |"] if number else []
    return "\n" + "\n".join(lines) + "\n"


def quoted_score(mutation: Mutation) -> str:
    """Return the performance page's block of mutation testing, in the middle of a sentence."""
    found = f"{_decimal(mutation.score)} % of {mutation.mutants:,} mutants detected on {mutation.run.date}"
    return f" ([{found}](results/{MUTATION}.md))"


def charts(benchmarks: Benchmarks) -> list[chart.Group]:
    """Return the authorizer's ratios, each column as a group of bars."""
    tables = benchmarks.suites.get("authorizer", {}).items()
    groups = [_group(f"{column}: {title}", column, rows) for title, rows in tables for column in columns(rows)]
    return [group for group in groups if group.values]


def _group(title: str, column: str, rows: Table) -> chart.Group:
    ratios = {name: row[column] for name, row in rows.items() if column in row and not row[column].unit}
    return chart.Group(
        title,
        {name: number.value for name, number in ratios.items()},
        {name: number.limit for name, number in ratios.items() if number.limit is not None},
    )


def _decimal(value: float) -> str:
    """Format with two decimals below 10, one below 100, and none above or for whole numbers."""
    decimals = 0 if value == int(value) or value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{decimals}f}"


def _commit() -> str | None:
    """Return the current commit, marked if files other than the results are changed; None without a repository."""
    try:
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!README.md", ":!docs")
        return _git("rev-parse", "--short=12", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    Documentation().render()
