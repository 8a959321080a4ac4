"""Every figure of docs/cost.md follows from its prices, quantities and formulas, and agrees with the other pages."""

import math
import re

import pytest

from infra import stack_file
from infra.checks import quotas
from infra.packaging.bundles import ROOT
from infra.settings import StackSettings, load
from tests.docs.cost import Price, column, evaluated, names, prices, rows
from tests.docs.cost_counts import counted
from tests.docs.cost_tables import computed, counts
from tests.docs.test_tables import has

UPDATE = "run `python -m tests.docs.cost_tables`"
SIZES = {
    "routes of an HTTP API": quotas.ROUTES,
    "integrations of an HTTP API": quotas.INTEGRATIONS,
    "resources of a REST API": quotas.RESOURCES,
    "IAM roles": quotas.ROLES,
    "DynamoDB tables": quotas.TABLES,
}


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def written(label: str) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in rows(label)]


def test_what_is_counted_is_in_the_plan() -> None:
    assert written("counts") == counts(), UPDATE


@pytest.mark.parametrize("label", computed())
def test_a_table_has_the_figures_that_its_formulas_compute(label: str) -> None:
    assert written(label) == computed()[label], UPDATE


def test_each_tier_has_its_price() -> None:
    price = Price.parse("$3.50 to 333 million, $2.80 to 1,000 million, $2.38", "million requests")
    assert price(1_000_000) == pytest.approx(3.5)
    assert price(333_000_000) == pytest.approx(333 * 3.5)
    assert price(2_000_000_000) == pytest.approx(333 * 3.5 + 667 * 2.8 + 1000 * 2.38)


def test_every_price_was_parsed_and_is_used() -> None:
    formulas = " ".join(cell for label in ("bill", "options") for row in rows(label) for cell in row)
    for name, _, dollars, *_ in rows("prices"):
        price = prices()[name.strip("`")]
        assert len(price.tiers) == dollars.count("$"), name
        assert price.tiers[-1][0] == math.inf, name
        assert f"{name.strip('`')}(" in formulas, name


def test_the_break_even_of_provisioned_capacity_is_stated() -> None:
    found = names("1 million", "rest")
    parts = {
        round(100 * found[capacity](1 / 3600) / found[price](1))
        for capacity, price in (("read_capacity", "reads_price"), ("write_capacity", "writes_price"))
    }
    assert {int(number) for number in re.findall(r"(\d+) % of the price on demand", page("cost.md"))} == parts


def test_the_shares_of_requests_are_a_whole() -> None:
    for scale in (0, 1):
        traffic = column("workload", scale)
        assert sum(
            traffic[f"{each}_share"] for each in ("read", "list", "create", "update", "delete")
        ) == pytest.approx(1)


def test_the_traffic_has_the_settings_of_the_stack() -> None:
    settings = load("gatehouse", "prod", stack_file.read(ROOT, "prod", {}).values)
    for scale in (0, 1):
        traffic = column("workload", scale)
        assert traffic["memory_gb"] == settings.functions.memory / 1024
        assert traffic["months_kept"] == settings.logs.retention_days // 30
    (limit,) = (row for row in rows("quotas") if "throttleRate" in row[-1])
    assert limit[1] == f"{settings.api.throttle_rate:,}"


@pytest.mark.parametrize(
    "change", [row for row in rows("savings") if re.search("monitoring|layout", row[1])], ids=lambda row: row[1]
)
def test_a_change_of_settings_changes_the_counts_of_its_row(change: list[str]) -> None:
    settings = [("monitoring.enabled", "true")] if "monitoring" in change[1] else []
    settings += re.findall(r"`((?:monitoring|functions)\.\w+): (\w+)`", change[1])
    found = counted("rest", *settings)
    values = dict(each.split("=") for each in change[2].strip("`").split(", "))
    for name in found.keys() & values.keys():
        assert found[name] == float(values[name]), name


def test_the_number_of_alarms_is_that_of_the_formula() -> None:
    (formula,) = (row[2] for row in rows("sizes") if "alarms" in row[0])
    found = counted("rest", ("monitoring.enabled", "true"))
    assert evaluated(formula, {"collections": found["tables"]}) == found["alarms"]


def test_settings_that_are_named_exist() -> None:
    named = {
        key for label in ("options", "savings") for row in rows(label) for key in re.findall(r"`([a-zA-Z.]+)", row[1])
    }
    assert len(named) > 15
    for key in named:
        assert has(StackSettings, key.split(".")[:2]), key


def test_quotas_are_those_that_a_plan_checks() -> None:
    found = {quota: (default, reached) for quota, default, _, reached, _ in rows("sizes")}
    for name, quota in SIZES.items():
        default, reached = found[name]
        assert default == f"{quota.limit:,}"
        assert re.search(rf"^\| {reached} \| {default} ", page("size.md"), re.MULTILINE), name
    clients = f"{quotas.USAGE_PLANS.limit:,} usage plans (`usage.plans`) and {quotas.API_KEYS.limit:,} API keys"
    assert clients in page("cost.md")


def test_other_pages_have_the_same_prices() -> None:
    found = {name.strip("`"): dollars.partition(" ")[0] for name, _, dollars, *_ in rows("prices")}
    assert f"`rest` costs {found['rest_requests']} and" in page("api-flavours.md")
    assert f"`http` {found['http_requests']};" in page("api-flavours.md")
    assert f"| {found['rest_requests']} | {found['http_requests']} |" in page("choosing-on-aws.md")
    assert f"| 0.5 | {found['cache_hours']}0 |" in page("requests.md")
    assert f"{found['metrics_price']} a month" in page("monitoring.md")
    assert f"| {found['reads_price']} per million reads" in page("restore.md")
    assert f"| {found['writes_price']} per million writes" in page("restore.md")
    assert f"| {found['backup_price']} per GB" in page("restore.md")
    firewall = f"{found['firewalls_price']}, each rule and rule group {found['rules_price']}".replace(".00", "")
    assert f"{firewall}, and a million requests {found['inspections_price']};" in page("edge.md")
    machine = f"{found['machines_price']} a month".replace(".00", "")
    assert f"| {machine}, and {found['machine_tokens_price']} per 1,000 tokens |" in page("user-pool.md")
    assert f"| {found['people_price']} per monthly active user" in page("user-pool.md")


def test_the_page_says_where_a_price_was_seen() -> None:
    for name, what, *_, seen in rows("prices"):
        assert re.search(r"20\d\d|not confirmed", seen), name
        assert f"[{what.partition(':')[0].partition(' `')[0]}](https://aws.amazon.com/" in page("cost.md"), name
