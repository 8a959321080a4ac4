"""Pairwise testing: few rows of values that together contain every pair of values (a greedy covering array).

Values that depend on each other are one unit, of which only the valid choices are given. The usual packages generate
single values instead and give up pairs that need particular values elsewhere.
"""

from collections.abc import KeysView, Sequence
from itertools import combinations

Choice = frozenset[str]
"""The values of a unit."""

Pair = frozenset[str]


def covering(units: Sequence[Sequence[Choice]]) -> list[Choice]:
    """Return rows, each with one choice of every unit; every pair of values that can be in a row is in one of them."""
    uncovered = dict.fromkeys(sorted(_all_pairs(units), key=sorted))
    rows: list[Choice] = []
    while uncovered:
        row = _row(units, next(iter(uncovered)), uncovered.keys())
        rows.append(row)
        for pair in combinations(row, 2):
            uncovered.pop(frozenset(pair), None)
    return rows


def _all_pairs(units: Sequence[Sequence[Choice]]) -> set[Pair]:
    within = {frozenset(pair) for unit in units for choice in unit for pair in combinations(choice, 2)}
    values = [frozenset[str]().union(*unit) for unit in units]
    return within | {frozenset((a, b)) for one, other in combinations(values, 2) for a in one for b in other}


def _row(units: Sequence[Sequence[Choice]], required: Pair, uncovered: KeysView[Pair]) -> Choice:
    """Return a row with the required pair; every other choice covers as many pairs as possible with those before."""
    row: Choice = frozenset()

    def gain(choice: Choice) -> int:
        pairs = [*combinations(choice, 2), *((a, b) for a in choice for b in row)]
        return sum(frozenset(pair) in uncovered for pair in pairs)

    def order(unit: Sequence[Choice]) -> tuple[bool, int]:
        return not any(required & choice for choice in unit), -len(unit)

    for unit in sorted(units, key=order):
        most = max(len(required & choice) for choice in unit)
        row |= max((choice for choice in unit if len(required & choice) == most), key=gain)
    return row
