"""What the documentation's tables list is what the code has."""

import json
import re
from itertools import cycle
from typing import Any

import msgspec
import pytest

from authorizer import errors, log
from authorizer.policy import Stage
from authorizer.settings import DeploymentSettings, Issuer, RouteScope
from handlers import read
from handlers.contract import Collection, Model, problem, routes
from handlers.contract.operation import HANDLER_PROBLEMS, OPERATIONS, WRITE_PROBLEMS
from handlers.metrics import Metrics, MetricSettings
from infra.checks import quotas
from infra.checks.deployable import CACHED_BY_ROUTE
from infra.checks.response_size import ResponseTooLarge, choose_encoding
from infra.monitoring.dashboard import OUTCOMES
from infra.monitoring.monitoring_settings import METRICS_BY
from infra.packaging.bundles import ROOT
from tests.docs.pages import PAGES, blocks
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


def emitted(directives: msgspec.Raw) -> set[tuple[str, str, frozenset[str]]]:
    """Return the names of metrics with their units and dimensions, besides those of the stack."""
    return {
        (metric["Name"], metric["Unit"], frozenset(dimensions) - {"project", "stack"})
        for directive in msgspec.json.decode(directives)
        for dimensions in directive["Dimensions"]
        for metric in directive["Metrics"]
    }


@pytest.mark.parametrize(
    ("label", "directives"),
    [
        ("authorizer's", log.Metadata(0).directives),
        (
            "handlers'",
            Metrics(MetricSettings("p", "s", METRICS_BY["route"])).members(0, failed=True)["_aws"]["CloudWatchMetrics"],
        ),
    ],
)
def test_the_metrics_are_those_that_are_logged(label: str, directives: msgspec.Raw) -> None:
    table = page("monitoring.md").partition(f"<!-- {label} metrics -->\n")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in row.split("|")] for row in table.splitlines()[2:]]
    assert emitted(directives) == {
        (name.strip("`"), unit, frozenset(re.findall(r"`(\w+)`", by))) for _, name, unit, by, *_ in rows
    }


def test_searches_are_for_metrics_that_exist() -> None:
    searches = [each for block in blocks("text") if block.kind == "metrics" for each in block.text.splitlines()]
    line = Metrics(MetricSettings("p", "s", METRICS_BY["route"])).members(0, failed=True)
    for each in searches:
        (schema,), (name,) = re.findall(r"{Gatehouse,([\w,]+)}", each), re.findall(r'MetricName="(\w+)"', each)
        by = frozenset(schema.split(",")) - {"project", "stack"}
        assert (name, by) in {(metric, found) for metric, _, found in emitted(line["_aws"]["CloudWatchMetrics"])}


def test_a_query_of_the_handlers_lines_uses_fields_that_they_have(capsys: pytest.CaptureFixture[str]) -> None:
    read.handler({}, None)
    fields = json.loads(capsys.readouterr().out.splitlines()[-1])
    for block in (each for each in blocks("text") if each.kind == "requests"):
        named = re.findall(r"(?:filter|and|by|max\(|, )\s*([a-z]+)(?= |,|\)|$)", block.text)
        assert len(named) > 4
        assert set(named) <= set(fields), block


def test_a_query_of_decisions_uses_fields_and_outcomes_that_they_have() -> None:
    (block,) = (each for each in blocks("text") if each.kind == "decisions")
    assert set(re.findall(r'"(\w+)"', block.text)) == OUTCOMES.keys() - {"allow"}
    assert set(re.findall(r"(?:filter|by|,) (\w+)(?= in|,)", block.text)) == {"outcome", "reason"}
    assert {"outcome", "reason"} <= set(log.Record.__struct_fields__)


def test_the_number_of_metrics_is_that_of_the_page() -> None:
    problems = {
        each.slug for operation in OPERATIONS for each in (*HANDLER_PROBLEMS, *WRITE_PROBLEMS, *operation.problems)
    }
    outcomes = 4
    own = [by for _, _, by in emitted(log.Metadata(0).directives)]
    text = page("monitoring.md")
    assert f"18 per collection + {len(problems)} |" in text
    assert f"{len(problems)} is the number of problems" in text
    assert f"The authorizer has {len(own) - 1 + outcomes}\n" in text
    for collections in (3, 150):
        number = 3 * len(OPERATIONS) * collections + len(problems)
        assert f"| {number:,}: ${number * 0.30:,.2f} |" in text


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


def test_the_page_about_the_architecture_names_every_package_of_infra() -> None:
    table = page("architecture.md").partition("| package of `infra/` |")[2].partition("\n\n")[0]
    listed = [name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)/`", row.split("|")[1])]
    assert sorted(listed) == sorted(each.parent.name for each in (ROOT / "infra").glob("*/__init__.py"))


def test_the_page_about_size_quotes_what_a_deployment_says() -> None:
    assert f"gatehouse: {CACHED_BY_ROUTE}\n" in page("size.md")


def test_the_page_about_size_names_the_quotas_that_are_checked() -> None:
    text = page("size.md")
    for quota in (each for each in vars(quotas).values() if isinstance(each, quotas.Quota)):
        size = "6 MB" if quota is quotas.DOCUMENT else "4 KB" if quota is quotas.ENVIRONMENT else f"{quota.limit:,}"
        assert size in text, quota.counts
