"""How fast the authorizer decides and starts, beside what else there is: ratios of one run, with their limits."""

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from tests.bench import chart, decisions, first_decision
from tests.bench.key_set import served
from tests.bench.programs import FOLDER
from tests.unit.authorizer.provider import jwk, jwks, private_key

UNCACHED = {"RS256": 0.55, "ES256": 0.70, "EdDSA": 0.75}
"""Of a bare verify() per second, at least."""

CACHED = 10.0
"""Bare RS256 verify()s, at least."""

STARTS = {first_decision.OURS: 0.75, first_decision.OURS_COMPILED: 0.50}
"""Of the recipe's cold start as source, at most."""

SCHEMES = ("http", "https")


@dataclass(frozen=True)
class Measured:
    """Decisions by algorithm, as a multiple of bare verify(); cold starts by the key set's scheme."""

    decisions: Mapping[str, Mapping[str, float]]
    starts: Mapping[str, Mapping[str, float]]
    milliseconds: Mapping[str, Mapping[str, float]]
    python: str = platform.python_version()
    machine: str = platform.machine()


@pytest.fixture(scope="module")
def measured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Everything, measured once, printed, and written to `build/bench`."""
    made = measure(tmp_path_factory.mktemp("key-set"))
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "authorizer.json").write_text(json.dumps(asdict(made), indent=2) + "\n")
    (FOLDER / "authorizer.svg").write_text(chart.svg(groups(made)))
    capture: Any = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        console = Console()
        console.print()
        for table in tables(made):
            console.print(table)
    return made


def measure(folder: Path) -> Measured:
    published = jwks(*(jwk(name) for name in decisions.ALGORITHMS), jwk("RS256", private_key("RS256", 1), kid="next"))
    taken: dict[str, dict[str, list[float]]] = {}
    for scheme in SCHEMES:
        with served(published, folder, scheme) as keys:
            taken[scheme] = first_decision.milliseconds(keys)
    with served(published, folder) as keys:
        ratios = {algorithm: decisions.ratios(algorithm, keys) for algorithm in decisions.ALGORITHMS}
    return Measured(
        decisions=ratios,
        starts={scheme: first_decision.relative(times) for scheme, times in taken.items()},
        milliseconds={scheme: {name: median(each) for name, each in times.items()} for scheme, times in taken.items()},
    )


def tables(made: Measured) -> tuple[Table, Table]:
    """What was measured, for people."""
    first = Table("decisions, ÷ bare verify()", *made.decisions)
    for name in made.decisions["RS256"]:
        first.add_row(name, *(f"{ratios[name]:.2f}" for ratios in made.decisions.values()))
    first.add_row("gatehouse, at least", *(f"{limit:.2f}" for limit in UNCACHED.values()))
    first.add_row("gatehouse, cached, at least", f"{CACHED:.2f}")
    second = Table("cold start, ÷ the recipe", *(f"key set over {scheme}" for scheme in made.starts), "at most")
    for name in made.starts["http"]:
        cells = (f"{made.starts[each][name]:.2f} ({made.milliseconds[each][name]:.0f} ms)" for each in made.starts)
        second.add_row(name, *cells, f"{STARTS[name]:.2f}" if name in STARTS else "")
    return first, second


def groups(made: Measured) -> list[chart.Group]:
    """What was measured, as bars."""
    hidden = {decisions.CACHED, decisions.CACHED_LOGGED}
    return [
        chart.Group(
            f"{algorithm}: decisions, as a part of bare verify() per second (more is better)",
            {name: value for name, value in ratios.items() if name not in hidden},
            {decisions.OURS: UNCACHED[algorithm]},
        )
        for algorithm, ratios in made.decisions.items()
    ] + [
        chart.Group(f"Cold start, key set over {scheme}, as a part of the recipe's (less is better)", ratios, STARTS)
        for scheme, ratios in made.starts.items()
    ]


@pytest.mark.parametrize("algorithm", UNCACHED)
def test_a_decision_costs_little_more_than_its_signature(measured: Measured, algorithm: str) -> None:
    assert measured.decisions[algorithm][decisions.OURS] >= UNCACHED[algorithm]


def test_a_decision_that_is_remembered_costs_a_tenth_of_a_signature(measured: Measured) -> None:
    assert measured.decisions["RS256"][decisions.CACHED] >= CACHED


@pytest.mark.parametrize("name", STARTS)
def test_a_cold_start_is_shorter_than_the_recipes(measured: Measured, name: str) -> None:
    assert measured.starts["http"][name] <= STARTS[name]
