"""What the documentation's tables list is what the code has."""

import re
from itertools import cycle
from typing import Any

import msgspec
import pytest

from authorizer import errors, log
from authorizer.policy import Stage
from authorizer.settings import DeploymentSettings, Issuer, RouteScope
from handlers.contract import Collection, Model, problem, routes
from infra import quotas
from infra.bundles import ROOT
from infra.checks import CACHED_BY_ROUTE
from infra.response_size import ResponseTooLarge, choose_encoding
from tests.docs.pages import PAGES
from tests.security.attacks import ATTACKS

STAGE = Stage.of("aws", "eu-central-1", "0" * 12, "a" * 10, "prod")
ISSUER = Issuer(name="main", url="https://id.example.com/", audiences=("https://api.example.com",))


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


class Thing(Model):
    name: str


def fits(collections: int, characters: int) -> bool:
    names = [f"{number:03d}".rjust(characters, "c") for number in range(collections)]
    made = [Collection(name=name, model=Thing, example={"name": "x"}) for name in names]
    scopes = [RouteScope(methods=each.operation.methods, path=each.path, scope=each.scope) for each in routes(made)]
    settings = DeploymentSettings(project="gatehouse", stack="prod", issuers=(ISSUER,), routes=tuple(scopes))
    try:
        choose_encoding(settings, STAGE)
    except ResponseTooLarge:
        return False
    return True


def collection_limits() -> list[tuple[int, int]]:
    table = page("performance.md").partition("<!-- collections -->\n")[2].partition("\n\n")[0]
    return [
        (int(characters), int(most)) for characters, most in re.findall(r"^\| (\d+) \| (\d+) \|$", table, re.MULTILINE)
    ]


@pytest.mark.parametrize(("characters", "most"), collection_limits())
def test_as_many_collections_fit_as_the_table_says(characters: int, most: int) -> None:
    assert fits(most, characters)
    assert not fits(most + 1, characters)


def test_the_runbook_names_reasons_that_are_logged() -> None:
    reasons = {each.reason for each in vars(errors).values() if isinstance(each, type) and hasattr(each, "reason")}
    runbook = page("operations.md").partition("## Runbook")[2]
    tables = re.findall(r"^\| reason \|.*?\n\n", runbook, re.MULTILINE | re.DOTALL)
    cells = [row.split("|")[1] for table in tables for row in table.strip().splitlines()]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert named
    assert named <= reasons


def test_the_metrics_are_those_that_are_logged() -> None:
    table = page("operations.md").partition("| metric | meaning |")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    directives = msgspec.json.decode(log.Metadata(0).directives)
    assert named == {metric["Name"] for directive in directives for metric in directive["Metrics"]}


def test_the_problems_are_those_of_the_catalogue() -> None:
    table = page("api.md").partition("| status | type")[2].partition("\n\n")[0]
    rows = [row.split("|") for row in table.splitlines()[2:]]
    listed = [
        pair
        for row in rows
        for pair in zip(cycle(re.findall(r"\d+", row[1])), re.findall(r"`([a-z-]+)`", row[2]), strict=False)
    ]
    catalogue = [each for each in vars(problem).values() if isinstance(each, problem.Problem)]
    assert sorted(listed) == sorted((str(int(each.status)), each.slug) for each in catalogue)


def test_there_are_more_attacks_than_the_pages_say() -> None:
    numbers = [int(number) for each in PAGES for number in re.findall(r"(\d+) (?:named )?attacks", each.read_text())]
    assert len(numbers) >= 3
    assert max(numbers) < len(ATTACKS)


def test_settings_that_are_named_exist() -> None:
    """Keys such as `gatehouse:api.throttleRate`, wherever a page names them outside of the changelog."""
    from infra.settings import StackSettings  # noqa: PLC0415

    for each in PAGES:
        if each.name != "CHANGELOG.md":
            for key in re.findall(r"`gatehouse:([a-zA-Z.]+)`", each.read_text()):
                assert has(StackSettings, key.split(".")), f"{each.name}: {key}"


def has(kind: Any, names: list[str]) -> bool:
    """Return whether a struct has a field, or a field of a field."""
    if not names:
        return True
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return False
    found = [field.type for field in msgspec.structs.fields(kind) if field.encode_name == names[0]]
    return bool(found) and has(found[0], names[1:])


def test_the_page_about_size_quotes_what_a_deployment_says() -> None:
    assert f"gatehouse: {CACHED_BY_ROUTE}\n" in page("size.md")


def test_the_page_about_size_names_the_quotas_that_are_checked() -> None:
    text = page("size.md")
    for quota in (each for each in vars(quotas).values() if isinstance(each, quotas.Quota)):
        size = "6 MB" if quota is quotas.DOCUMENT else "4 KB" if quota is quotas.ENVIRONMENT else f"{quota.limit:,}"
        assert size in text, quota.counts
