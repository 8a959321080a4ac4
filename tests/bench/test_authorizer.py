"""Benchmarks of the authorizer: ratios to bare signature checks and to other authorizers, with their limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest

from tests.bench import decisions, first_decision
from tests.bench.key_set import served
from tests.bench.recording import Results
from tests.bench.report import Number
from tests.bench.rounds import Times, relative
from tests.unit.authorizer.provider import jwk, jwks, private_key

UNCACHED: Mapping[str, Mapping[str, float]] = {
    decisions.GATEHOUSE: {"RS256": 0.60, "ES256": 0.80, "EdDSA": 0.87},
    decisions.GATEHOUSE_LOGGED: {"RS256": 0.55, "ES256": 0.75, "EdDSA": 0.82},
}
"""Lower limits of decisions per second, relative to a bare verify()."""

CACHED: Mapping[str, Mapping[str, float]] = {
    decisions.CACHED: {"RS256": 10.0},
    decisions.CACHED_LOGGED: {"RS256": 4.0},
}
"""Lower limits of cached decisions per second, relative to a bare verify()."""

STARTS: Mapping[str, Mapping[str, float]] = {
    first_decision.GATEHOUSE: {"http": 0.75, "https": 0.62},
    first_decision.GATEHOUSE_COMPILED: {"http": 0.50, "https": 0.45},
}
"""Upper limits of cold starts, relative to the recipe as source, by the scheme of the key set's URL."""

SCHEMES = ("http", "https")


@dataclass(frozen=True)
class Measured:
    """Decisions by algorithm, relative to a bare verify(), and cold starts by the scheme of the key set's URL."""

    decisions: Mapping[str, Mapping[str, float]]
    starts: Mapping[str, Mapping[str, float]]
    seconds: Mapping[str, Mapping[str, float]]


@pytest.fixture(scope="module")
def measured(results: Results, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Measure everything once, and add it to the results."""
    made = measure(tmp_path_factory.mktemp("key-set"))
    add_decisions(results, made)
    add_starts(results, made)
    return made


def measure(folder: Path) -> Measured:
    published = jwks(*(jwk(name) for name in decisions.ALGORITHMS), jwk("RS256", private_key("RS256", 1), kid="next"))
    taken: dict[str, Times] = {}
    for scheme in SCHEMES:
        with served(published, folder, scheme) as keys:
            taken[scheme] = first_decision.seconds(keys)
    with served(published, folder) as keys:
        ratios = {algorithm: decisions.ratios(algorithm, keys) for algorithm in decisions.ALGORITHMS}
    return Measured(
        decisions=ratios,
        starts={scheme: relative(times, first_decision.RECIPE) for scheme, times in taken.items()},
        seconds={scheme: {name: median(each) for name, each in times.items()} for scheme, times in taken.items()},
    )


def add_decisions(results: Results, made: Measured) -> None:
    limits = {**UNCACHED, **CACHED}
    for algorithm, ratios in made.decisions.items():
        for name, ratio in ratios.items():
            title = f"decisions per second, {'cached' if name in CACHED else 'not cached'}, ÷ bare verify()"
            results.add(title, name, algorithm, Number(ratio, at_least=limits.get(name, {}).get(algorithm)))


def add_starts(results: Results, made: Measured) -> None:
    title = "cold start to the first decision, ÷ the recipe"
    for scheme, ratios in made.starts.items():
        for name, ratio in ratios.items():
            number = Number(ratio, at_most=STARTS.get(name, {}).get(scheme))
            results.add(title, name, f"key set over {scheme}", number)
            results.add(title, name, f"{scheme}, median", Number(1000 * made.seconds[scheme][name], "ms"))


@pytest.mark.parametrize("algorithm", decisions.ALGORITHMS)
@pytest.mark.parametrize("name", UNCACHED)
def test_a_decision_costs_little_more_than_its_signature(measured: Measured, name: str, algorithm: str) -> None:
    assert measured.decisions[algorithm][name] >= UNCACHED[name][algorithm]


@pytest.mark.parametrize("name", CACHED)
def test_a_cached_decision_costs_a_fraction_of_a_signature(measured: Measured, name: str) -> None:
    assert measured.decisions["RS256"][name] >= CACHED[name]["RS256"]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", STARTS)
def test_a_cold_start_is_shorter_than_the_recipes(measured: Measured, name: str, scheme: str) -> None:
    assert measured.starts[scheme][name] <= STARTS[name][scheme]
