"""`python -m local plan --mermaid`: a diagram with few boxes, whatever the stack."""

import dataclasses
import json
import re
import subprocess
import sys
from functools import cache

import pytest

from infra.packaging.bundles import ROOT
from local.engine import Resource
from local.plans.architecture import Architecture
from local.plans.diagram import MAX_GROUPS, draw
from local.plans.plan import example
from local.plans.readme import with_diagram
from tests.samples import only_samples

REVOCATION = {"revocation.enabled": "true"}


@cache
def explained(stack: str) -> Architecture:
    """Return a stack that has the sample collections only."""
    with only_samples():
        return Architecture(example(ROOT, stack))


def arrows(lines: list[str]) -> set[tuple[str, str]]:
    found = (re.fullmatch(r'\s*(\w+) --(?: "[^"]+" --)?> (\w+)', line) for line in lines)
    return {(each[1], each[2]) for each in found if each}


@pytest.mark.parametrize("stack", ["dev", "prod", "local"])
def test_requests_go_from_the_client_to_the_tables(stack: str) -> None:
    lines = list(draw(explained(stack), ["main"]))
    found = arrows(lines)
    assert ("client", "api") in found
    assert {("api", "function_authorizer"), ("function_authorizer", "provider"), ("lambda", "logs")} <= found
    for name in ("events", "items", "users"):
        assert {("api", f"function_{name}_create"), (f"function_{name}_create", f"table_{name}")} <= found
    assert len([line for line in lines if re.match(r"\s*\w+[\[(]", line)]) <= 12


def test_a_protected_table_and_a_denylist_are_recognisable() -> None:
    lines = list(draw(Architecture(example(ROOT, "prod", REVOCATION)), ["main"]))
    assert '        table_items[("items<br/>protected")]' in lines
    assert ("function_authorizer", "table_authorizer_revocations") in arrows(lines)
    assert '"items"' in "\n".join(draw(explained("dev"), ["main"]))


@pytest.mark.usefixtures("samples")
def test_usage_plans_are_counted() -> None:
    plans = [{"name": "p", "rate": 1, "burst": 1, "clients": {"main": ["a"]}}]
    lines = draw(Architecture(example(ROOT, "dev", {"usage.plans": json.dumps(plans)})), ["main", "other"])
    text = "\n".join(lines)
    assert '"REST API<br/>24 methods<br/>1 usage plan"' in text
    assert '"Identity providers<br/>main, other"' in text


def renamed(resource: Resource, name: str) -> Resource:
    """Return a resource of the collection `items` as that of another one."""
    document = json.dumps([resource.inputs, resource.outputs], default=str).replace("dev-items", f"dev-{name}")
    inputs, outputs = json.loads(document)
    return dataclasses.replace(resource, name=resource.name.replace("items", name), inputs=inputs, outputs=outputs)


def test_many_collections_share_a_box() -> None:
    plan = explained("dev").deployment
    items = [each for each in plan.resources if each.custom and each.name in ("items", "items-list")]
    others = [renamed(each, f"venue{number:02}") for number in range(20) for each in items]
    lines = list(draw(Architecture(dataclasses.replace(plan, resources=(*plan.resources, *others))), ["main"]))
    boxes = [line for line in lines if re.search(r'<br/>\d+ functions?"]$', line)]
    assert len(boxes) == MAX_GROUPS
    assert '        tables_venue02[("18 tables")]' in lines
    assert ("function_venue02_list", "tables_venue02") in arrows(lines)
    assert boxes[-1].endswith('["venue02, venue03, venue04 and 15 more<br/>18 functions"]')


def test_the_readme_has_the_diagram_of_the_present_program() -> None:
    text = (ROOT / "README.md").read_text()
    assert with_diagram(text) == text, "run `make diagram`"
    assert with_diagram(text.replace("table_items", "table_things")) == text


def test_an_outdated_readme_is_reported() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local.plans.readme", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
