"""The page about the account, and the table of a stack's outputs."""

import json
import re

from infra.account.settings import load
from infra.cli_yaml import parse
from infra.packaging.bundles import ROOT
from local.engine.values import Secret
from local.plans.plan import plan
from tests.docs.pages import blocks
from tests.graph.settings_space import everything_on, overrides
from tests.graph.test_account_roles import deployed, documents

PAGE = (ROOT / "docs" / "account.md").read_text()


def test_the_example_is_valid_and_has_everything() -> None:
    (block,) = (each for each in blocks("yaml") if each.kind == "account")
    config = parse(block.text)["config"]
    settings = load("gatehouse-account", "main", {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()
    })  # fmt: skip
    assert settings.state.enabled
    assert [each.stack for each in settings.pipeline.environments] == ["prod", "dev"]


def test_the_table_has_the_actions_of_the_role_for_previews() -> None:
    table = PAGE.partition("### What a preview reads")[2].partition("###")[0]
    granted = {action for statement in documents("preview")["Statement"] for action in statement["Action"]}
    assert set(re.findall(r"`(\w+:\w+)`", table)) == granted


def test_all_outputs_of_the_account_are_listed() -> None:
    table = PAGE.partition("## Outputs")[2]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [
        "role", "stateUrl", "secretsProvider", "previewRole", "deploymentRoles", "boundaries",
    ]  # fmt: skip
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == deployed().exports.keys()


def test_all_outputs_of_a_stack_are_listed_with_those_that_are_secret() -> None:
    table = (ROOT / "docs" / "deploying.md").read_text().partition("<!-- outputs -->\n")[2].partition("\n\n")[0]
    listed = dict(re.findall(r"^\| `(\w+)` \| [\w ]+ \| (yes|no) \|", table, re.MULTILINE))
    exports = {
        name: value
        for flavour in ("http", "rest")
        for name, value in plan(ROOT, "prod", overrides(everything_on(flavour))).exports.items()
    }
    assert listed == {name: "yes" if has_secret(value) else "no" for name, value in exports.items()}


def has_secret(value: object) -> bool:
    return isinstance(value, Secret) or (isinstance(value, dict) and any(map(has_secret, value.values())))
