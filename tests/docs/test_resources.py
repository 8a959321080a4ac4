"""The numbers of resources in the documentation are those of the planned stacks."""

import re
from collections import Counter
from collections.abc import Callable
from functools import cache

import pytest

import handlers.contract
from handlers.contract import Route, load_collections, routes
from infra.changes.renderings import short_type
from infra.packaging.bundles import ROOT
from local.plans.plan import plan
from tests.docs.pages import PAGES

PAGE = next(page for page in PAGES if page.name == "resources.md")
MAX_PER_ROUTE = 5
"""The greatest number of resources that a route may add to the default stack."""


def options() -> list[tuple[str, str]]:
    """Return the rows of the table of options: the settings in code, and what they add."""
    table = PAGE.read_text().partition("<!-- options -->\n")[2].partition("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return [(row[0].strip("`"), row[1]) for row in rows]


@cache
def counted(*settings: str) -> Counter[str]:
    """Return the number of resources of each type in the stack `dev` with these settings."""
    overrides = dict(setting.split("=", 1) for setting in settings)
    return Counter(short_type(each.type).removeprefix("aws:") for each in plan(ROOT, "dev", overrides).custom)


def difference(more: Counter[str], less: Counter[str]) -> str:
    """Return in words what one stack has more, and less, than another."""
    added = [f"{count} `{type_}`" for type_, count in sorted((more - less).items())]
    removed = [f"{count} `{type_}` less" for type_, count in sorted((less - more).items())]
    return ", ".join((*added, *removed)) or "nothing"


@pytest.mark.parametrize(("settings", "adds"), options(), ids=[settings for settings, _ in options()])
def test_an_option_adds_what_the_table_says(settings: str, adds: str) -> None:
    assert difference(counted(*re.split(r"; (?=\w+\.)", settings)), counted()) == adds


def with_routes(monkeypatch: pytest.MonkeyPatch, wanted: Callable[[Route], bool]) -> Counter[str]:
    """Return the resources of the stack with some of its routes."""
    with monkeypatch.context() as patched:
        patched.setattr(handlers.contract, "routes", lambda collections: [*filter(wanted, routes(collections))])
        return Counter(short_type(each.type).removeprefix("aws:") for each in plan(ROOT, "dev").custom)


@pytest.mark.parametrize("name", ["items-list", "items-create", "items-read", "items-delete"])
def test_a_route_adds_at_most_five_resources(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    added = counted() - with_routes(monkeypatch, lambda route: route.name != name)
    assert 0 < added.total() <= MAX_PER_ROUTE
    assert f"A route adds {difference(added, Counter())}." in " ".join(PAGE.read_text().split())


def test_the_rest_of_the_stack_is_as_large_as_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    only = with_routes(monkeypatch, lambda route: route.name == "items-create")
    added = counted() - with_routes(monkeypatch, lambda route: route.name != "items-create")
    rest = only - added - Counter({"dynamodb:Table": len(load_collections())})
    sentence = f"Apart from routes and tables, a stack has {rest.total()} resources"
    assert sentence in " ".join(PAGE.read_text().split())
