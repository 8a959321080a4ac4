"""`python -m tests.bench.mutation mutmut==VERSION` records a finished run of mutmut.

It reads the statistics that `mutmut export-cicd-stats` has written.
"""

import sys
from collections.abc import Mapping

import msgspec

from infra.packaging.bundles import ROOT
from tests.bench.report import MUTATION, Documentation, Mutation, Run, current_run

STATISTICS = ROOT / "mutants" / "mutmut-cicd-stats.json"

OTHER = ("segfault", "suspicious", "no_tests")
"""Results other than detected and survived."""


def finished(counts: Mapping[str, int], tool: str, run: Run) -> Mutation:
    """Return the results from mutmut's statistics. Raises ValueError if the run was interrupted."""
    killed, timed_out, survived = counts["killed"], counts["timeout"], counts["survived"]
    other = sum(counts[name] for name in OTHER)
    mutants = counts["total"] - counts["skipped"]
    tested = killed + timed_out + survived + other
    if not mutants or tested != mutants:
        raise ValueError(f"only {tested:,} of {mutants:,} mutants were tested")
    return Mutation(
        run=run,
        tool=tool,
        mutants=mutants,
        killed=killed,
        timed_out=timed_out,
        survived=survived,
        other=other,
        score=round(100 * (killed + timed_out) / mutants, 1),
    )


def main(tool: str) -> int:
    """Record the results. Returns 0, or 1 if the run is not finished."""
    counts = msgspec.json.decode(STATISTICS.read_bytes(), type=dict[str, int])
    try:
        Documentation().record(MUTATION, finished(counts, tool, current_run()))
    except ValueError as error:
        sys.stderr.write(f"gatehouse: {error}; run `make mutate` again\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
