"""The quotations of the benchmarks and of mutation testing in the documentation, and when results are recorded."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.packaging.bundles import ROOT
from tests.bench.mutation import finished
from tests.bench.recording import Recorder
from tests.bench.report import (
    BENCHMARKS,
    HIGHLIGHTS,
    MUTATION,
    SPEED,
    Benchmarks,
    Documentation,
    Mutation,
    Number,
    Run,
    marks,
    quoted_speed,
    with_block,
)

pytest_plugins = ["pytester"]

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")

RUN = Run(date="2026-01-31", commit="0123456789ab", python="3.13.1", machine="aarch64", cores=4)
MEASURED = Benchmarks(RUN, {
    "authorizer": {
        "decisions": {"gatehouse": {"RS256": Number(0.6137, at_least=0.6)}, "joserfc": {"RS256": Number(0.4521)}},
    },
    "handlers": {"cost": {"a read": {"measured": Number(0.0412, "ms", at_most=0.25)}}},
})  # fmt: skip
COUNTS = {
    "killed": 90, "timeout": 6, "survived": 3, "no_tests": 1, "skipped": 2, "suspicious": 0, "segfault": 0,
    "check_was_interrupted_by_user": 0, "total": 102,
}  # fmt: skip
README = """# A project

## Speed

<!-- speed -->
<!-- /speed -->
"""

PAGE = """# Performance

Numbers elsewhere, such as 300 s, are not results.

## Speed

`make bench` measures.

<!-- benchmarks -->
<!-- /benchmarks -->

## Layout

`make mutate` tests the tests<!-- mutation --><!-- /mutation -->.

## Limits

A request may take 29 s.
"""


def unrecorded(documentation: Documentation) -> list[str]:
    """Return what the documentation says about results that no record contains."""
    stale = [path.name for path, text in documentation.rendered().items() if not is_file_with(path, text)]
    texts = [
        *quoting(documentation.page.read_text()),
        speed_section(with_block(documentation.readme.read_text(), SPEED, "")),
    ]
    return stale + [number for text in texts for number in NUMBER.findall(text)]


def is_file_with(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text


def quoting(page: str) -> Iterator[str]:
    """Yield the page's own words about speed and mutation testing: the results are in the blocks that they surround."""
    text = with_block(with_block(page, BENCHMARKS, ""), MUTATION, "")
    yield speed_section(text)
    yield text.partition("`make mutate`")[2].partition("\n## ")[0]


def speed_section(text: str) -> str:
    return text.partition("## Speed")[2].partition("\n## ")[0]


def unrecorded_documentation(root: Path) -> Documentation:
    documentation = Documentation(root)
    documentation.readme.write_text(README)
    documentation.page.parent.mkdir()
    documentation.page.write_text(PAGE)
    return documentation


@pytest.fixture
def documentation(tmp_path: Path) -> Documentation:
    """The documentation of a project that has recorded both kinds of results."""
    documentation = unrecorded_documentation(tmp_path)
    documentation.record(BENCHMARKS, MEASURED)
    documentation.record(MUTATION, finished(COUNTS, "mutmut==1.2.3", RUN))
    return documentation


def test_the_documentation_quotes_the_recorded_results_and_nothing_else() -> None:
    assert unrecorded(Documentation(ROOT)) == []


def test_what_a_run_recorded_is_what_the_documentation_quotes(documentation: Documentation) -> None:
    assert unrecorded(documentation) == []
    page = documentation.page.read_text()
    assert "| gatehouse | 0.61 (≥ 0.60) |" in page
    assert "| a read | 0.04 ms (≤ 0.25) |" in page
    assert "Measured on 2026-01-31 with Python 3.13.1 on aarch64, 4 cores, commit 0123456789ab." in page
    assert "[96 % of 100 mutants detected on 2026-01-31](results/mutation.md)" in page


def test_the_readme_quotes_the_highlights_that_were_measured() -> None:
    words, (suite, title, row, column) = next(iter(HIGHLIGHTS.items()))
    measured = Benchmarks(RUN, {suite: {title: {row: {column: Number(0.6137, at_least=0.6)}}}})
    assert quoted_speed(measured) == f"\n| Measured on 2026-01-31 | ratio |\n| --- | --- |\n| {words} | 0.61 |\n"


def test_every_highlight_is_among_the_recorded_results() -> None:
    rows = Documentation(ROOT).rendered()[Documentation(ROOT).readme].partition("<!-- speed -->\n")[2]
    assert len(rows.partition("<!-- /speed -->")[0].splitlines()) == 2 + len(HIGHLIGHTS)


@pytest.mark.parametrize(
    ("recorded", "made_up"),
    [
        ("0.61 (≥ 0.60)", "0.71 (≥ 0.60)"),
        ("(≥ 0.60)", "(≥ 0.50)"),
        ("2026-01-31 with", "2026-02-28 with"),
        ("96 % of", "99 % of"),
        ("`make bench` measures", "`make bench` measures 0.61"),
        ("`make mutate` tests", "`make mutate` finds 97 %, and tests"),
    ],
)
def test_a_made_up_figure_is_found(documentation: Documentation, recorded: str, made_up: str) -> None:
    page = documentation.page.read_text()
    assert recorded in page
    documentation.page.write_text(page.replace(recorded, made_up))
    assert unrecorded(documentation)


@pytest.mark.parametrize(
    ("recorded", "made_up"), [("2026-01-31", "2026-02-28"), ("<!-- speed -->", "It makes 9 % more.\n<!-- speed -->")]
)
def test_a_made_up_figure_in_the_readme_is_found(documentation: Documentation, recorded: str, made_up: str) -> None:
    readme = documentation.readme.read_text()
    assert recorded in readme
    documentation.readme.write_text(readme.replace(recorded, made_up))
    assert unrecorded(documentation)


@pytest.mark.parametrize("page", ["benchmarks.md", "mutation.md", "authorizer.svg"])
def test_a_made_up_figure_beside_the_records_is_found(documentation: Documentation, page: str) -> None:
    path = documentation.results / page
    path.write_text(path.read_text().replace("6", "7"))
    assert unrecorded(documentation) == [page]


def test_without_records_the_documentation_quotes_nothing(tmp_path: Path) -> None:
    documentation = unrecorded_documentation(tmp_path)
    assert unrecorded(documentation) == []
    documentation.page.write_text(with_block(PAGE, BENCHMARKS, "\n| gatehouse | 0.61 |\n"))
    documentation.readme.write_text(with_block(README, SPEED, "\n| gatehouse | 0.61 |\n"))
    assert unrecorded(documentation) == ["performance.md", "README.md"]


@pytest.mark.parametrize("mark", [*marks(BENCHMARKS), *marks(MUTATION), *marks(SPEED)])
def test_a_missing_mark_is_an_error(documentation: Documentation, mark: str) -> None:
    for path in (documentation.page, documentation.readme):
        path.write_text(path.read_text().replace(mark, ""))
    with pytest.raises(ValueError, match="is missing"):
        documentation.render()


def test_records_keep_more_digits_than_are_quoted(documentation: Documentation) -> None:
    assert documentation.recorded(BENCHMARKS, Benchmarks) == MEASURED


def test_a_limit_is_compared_with_what_was_measured_not_with_what_is_shown() -> None:
    number = Number(0.5999, at_least=0.6)
    assert str(number) == "0.60 (≥ 0.60)"
    assert not number.is_within_limit
    assert not Number(0.7501, at_most=0.75).is_within_limit
    assert Number(0.75, at_least=0.75, at_most=0.75).is_within_limit


def test_a_mutant_that_times_out_is_detected_and_a_skipped_one_is_not_counted(documentation: Documentation) -> None:
    assert documentation.recorded(MUTATION, Mutation) == Mutation(
        run=RUN, tool="mutmut==1.2.3", mutants=100, killed=90, timed_out=6, survived=3, other=1, score=96.0
    )


@pytest.mark.parametrize("counts", [{**COUNTS, "killed": 89}, dict.fromkeys(COUNTS, 0)], ids=["interrupted", "empty"])
def test_an_unfinished_run_of_mutation_testing_is_not_recorded(counts: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="were tested"):
        finished(counts, "mutmut==1.2.3", RUN)


PASSING = (
    "import pytest\n\ndef test_one():\n    pass\n\n@pytest.mark.parametrize('x', [1, 2])\ndef test_two(x):\n    pass\n"
)
FAILING = PASSING + "\ndef test_three():\n    assert False\n"
SKIPPED = PASSING + "\ndef test_three():\n    pytest.skip()\n"


def records(pytester: pytest.Pytester, *arguments: str) -> int:
    """How often a run of the benchmarks in a folder records its results."""
    recorded: list[object] = []
    pytester.inline_run(*arguments, plugins=[Recorder(pytester.path, recorded.append)])
    return len(recorded)


@pytest.fixture
def benchmarks(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder of two modules of benchmarks that pass."""
    pytester.makepyfile(test_a=PASSING, test_b=PASSING)
    return pytester


def test_a_full_run_is_recorded_once(benchmarks: pytest.Pytester) -> None:
    assert records(benchmarks, ".") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["test_a.py"],
        ["test_a.py::test_one", "test_b.py"],
        [".", "-k", "one"],
        [".", "--deselect=test_a.py::test_one"],
        [".", "--ignore=test_a.py"],
        [".", "--collect-only"],
    ],
    ids=["one module", "one test", "by name", "deselected", "ignored", "not run"],
)
def test_a_part_of_the_benchmarks_is_not_recorded(benchmarks: pytest.Pytester, arguments: list[str]) -> None:
    assert records(benchmarks, *arguments) == 0


@pytest.mark.parametrize("text", [FAILING, SKIPPED, "import nothing\n"], ids=["fails", "is skipped", "is not imported"])
def test_results_are_not_recorded_where_a_benchmark_did_not_pass(benchmarks: pytest.Pytester, text: str) -> None:
    benchmarks.makepyfile(test_b=text)
    assert records(benchmarks, ".") == 0
