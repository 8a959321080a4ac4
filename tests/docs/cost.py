"""The tables of docs/cost.md as values: prices, quantities and formulas, and the bills that they amount to.

The page's formulas are Python expressions over the names in its tables, so that there is one definition of each.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from infra.packaging.bundles import ROOT

Flavour = Literal["rest", "http"]
Names = Mapping[str, Any]

SCALES = ("1 million", "1 billion")
PAGE = ROOT / "docs" / "cost.md"
_POWERS = {"": 1, "million": 1_000_000, "billion": 1_000_000_000}
_FUNCTIONS: Names = {"ceil": math.ceil, "max": max, "min": min}


@dataclass(frozen=True)
class Price:
    """A price in dollars per so many units, by tiers: the end of each, in units, and its dollars."""

    tiers: tuple[tuple[float, float], ...]
    per: float

    @classmethod
    def parse(cls, dollars: str, unit: str) -> "Price":
        """Parse a price as the page writes it: `$3.50 to 333 million, $2.80`, and its unit: `10,000 requests`."""
        tiers = re.findall(r"\$([\d.,]+)(?: to ([\d.,]+ ?\w*))?(?:, |$)", dollars)
        return cls(tuple((amount(end) if end else math.inf, amount(price)) for price, end in tiers), amount(unit))

    def __call__(self, units: float) -> float:
        """Return the dollars for a number of units."""
        total = begin = 0.0
        for end, dollars in self.tiers:
            total += max(0.0, min(units, end) - begin) / self.per * dollars
            begin = end
        return total


def amount(text: str) -> float:
    """Return the number with which a text begins, as in `10,000 requests` and `333 million`; 1 if there is none."""
    found = re.match(r"([\d.,]*\d)? ?(million|billion)?", text)
    assert found
    return float((found[1] or "1").replace(",", "")) * _POWERS[found[2] or ""]


@cache
def rows(label: str) -> list[list[str]]:
    """Return the cells of the table after the comment `<!-- label -->`, without its header."""
    after = PAGE.read_text().partition(f"<!-- {label} -->\n")[2]
    assert after, label
    lines = after.partition("\n\n")[0].splitlines()[2:]
    return [re.split(r"\s*\|\s*", line)[1:-1] for line in lines]


def evaluated(expression: str, names: Names) -> Any:
    """Return the value of one of the page's expressions, which may be marked as code."""
    return eval(expression.strip("`"), {"__builtins__": {}, **_FUNCTIONS, **names})  # noqa: S307  the page's own formulas


def prices() -> dict[str, Price]:
    """Return the prices by their names."""
    return {name.strip("`"): Price.parse(dollars, unit) for name, _, dollars, unit, *_ in rows("prices")}


def column(label: str, choice: int = 0) -> dict[str, float]:
    """Return the numbers in the last column of a table, by the names in its first column.

    `choice` is which of two numbers that are separated by ` / `.
    """
    found: dict[str, float] = {}
    for first, *_, last in rows(label):
        numbers = last.replace(",", "").split(" / ")
        found |= dict.fromkeys(re.findall(r"\w+", first), evaluated(numbers[min(choice, len(numbers) - 1)], {}))
    return found


def names(scale: str, flavour: Flavour, **changes: float) -> dict[str, Any]:
    """Return everything that the formulas of lines refer to, with changes of the tables' values."""
    http = int(flavour == "http")
    found: dict[str, Any] = {
        **prices(),
        **column("capacity"),
        **column("logs", http),
        **column("counts", http),
        **column("workload", SCALES.index(scale)),
        "http": http,
        **changes,
    }
    for name, formula in rows("month"):
        found[name.strip("`")] = evaluated(formula, found)
    return found


def bill(scale: str, flavour: Flavour, **changes: float) -> dict[str, float]:
    """Return the dollars a month of each line of the worked example."""
    values = names(scale, flavour, **changes)
    return {line: evaluated(formula, values) for line, formula, *_ in rows("bill") if formula}
