"""The computed tables of docs/cost.md. `python -m tests.docs.cost_tables` updates the page."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import get_args

from tests.docs.cost import PAGE, SCALES, Flavour, amount, bill, evaluated, names, rows
from tests.docs.cost_counts import counted
from tests.samples import only_samples

PEAK = 10
"""The peak of traffic, as a multiple of the average."""

MONTH = 730 * 3600
"""Seconds of a month."""


def money(dollars: float) -> str:
    """Return dollars as the page writes them."""
    if dollars < 0:
        return f"-{money(-dollars)}"
    return f"${dollars:,.2f}" if dollars < 1000 else f"${dollars:,.0f}"


def computed() -> dict[str, list[str]]:
    """Return the rows of each table that follows from the others, by its label."""
    tables = {
        "summary": _summary(), "bill": _bill(), "savings": _savings(), "options": _options(), "quotas": _quotas(),
        "sizes": _sizes(),
    }  # fmt: skip
    return {label: [f"| {' | '.join(cells)} |" for cells in table] for label, table in tables.items()}


def counts() -> list[str]:
    """Return the rows of the table of counts."""
    flavours = [counted(flavour) for flavour in get_args(Flavour)]
    found: dict[str, str] = {}
    for name in flavours[0]:
        numbers = (str(Fraction(each[name]).limit_denominator(100)) for each in flavours)
        found[name] = " / ".join(dict.fromkeys(numbers))
    return [f"| {name} | {found[name.strip('`')]} |" for name, _ in rows("counts")]


def update() -> None:
    """Write all tables into the page: the counts first, from which the others follow."""
    with only_samples():
        _write({"counts": counts()})
    _write(computed())


def _write(tables: Mapping[str, Sequence[str]]) -> None:
    for label, lines in tables.items():
        before, mark, rest = PAGE.read_text().partition(f"<!-- {label} -->\n")
        table, end, after = rest.partition("\n\n")
        PAGE.write_text("".join((before, mark, "\n".join([*table.splitlines()[:2], *lines]), end, after)))
    rows.cache_clear()


def _summary() -> Iterator[list[str]]:
    for flavour, name in zip(get_args(Flavour), ("REST API", "HTTP API"), strict=True):
        sums = [sum(bill(scale, flavour).values()) for scale in SCALES]
        yield [name, *map(money, (*sums, sum(bill(SCALES[0], flavour, requests=0, stored_gb=0).values())))]


def _bill() -> Iterator[list[str]]:
    bills = [bill(scale, "rest") for scale in SCALES]
    for line, formula, *_ in (row for row in rows("bill") if row[1]):
        yield [line, formula, *(money(each[line]) for each in bills)]
    yield ["**Sum**", "", *(f"**{money(sum(each.values()))}**" for each in bills)]


def saved(values: str, scale: str) -> float:
    """Return the dollars a month that changed values, as in `hit=0.99, flavour=http`, save in the example."""
    changes = dict(each.split("=") for each in values.strip("`").split(", "))
    flavour: Flavour = "http" if changes.pop("flavour", "rest") == "http" else "rest"
    changed = bill(scale, flavour, **{name: float(value) for name, value in changes.items()})
    return sum(bill(scale, "rest").values()) - sum(changed.values())


def _savings() -> Iterator[list[str]]:
    found = [(saved(values, SCALES[1]), change, settings, values) for change, settings, values, *_ in rows("savings")]
    for greatest, change, settings, values in sorted(found, reverse=True):
        yield [change, settings, values, money(saved(values, SCALES[0])), money(greatest)]


def _options() -> Iterator[list[str]]:
    for option, settings, formula, *_ in rows("options"):
        costs = [money(evaluated(formula, names(scale, "rest"))) for scale in SCALES]
        yield [option, settings, formula, *costs]


def used(formula: str, scale: str) -> float:
    """Return how much of a quota the example uses on average."""
    found = names(scale, "rest")
    return evaluated(formula, {**found, "rps": found["requests"] / MONTH})


def _quotas() -> list[list[str]]:
    found: list[tuple[float, list[str]]] = []
    for quota, default, formula, *_, advice in rows("quotas"):
        small, large = (PEAK * used(formula, scale) for scale in SCALES)
        reached = amount(default) / small
        found.append((reached, [quota, default, formula, rounded(large), _requests(reached), advice]))
    return [cells for _, cells in sorted(found)]


def _requests(millions: float) -> str:
    return f"{rounded(millions)} million" if millions < 1000 else f"{rounded(millions / 1000)} billion"


def rounded(number: float) -> str:
    """Return a number with two significant digits, or without a fraction."""
    digits = 2 if number >= 1 else 1
    text = f"{float(f'{number:.{digits}g}'):,.5f}"
    return text.rstrip("0").rstrip(".")


def _sizes() -> list[list[str]]:
    found: list[tuple[int, list[str]]] = []
    for quota, default, formula, _, advice in rows("sizes"):
        reached = next(n for n in range(10_000) if evaluated(formula, {"collections": n + 1}) > amount(default))
        found.append((reached, [quota, default, formula, f"{reached:,}", advice]))
    return [cells for _, cells in sorted(found)]


if __name__ == "__main__":
    update()
