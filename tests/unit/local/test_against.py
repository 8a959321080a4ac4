"""How a plan differs from another one: which resources are the same, and which changes replace them."""

from typing import Any

from infra.changes import Operation
from local.plans.against import difference, urn_of

STACK = "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev"
GROUP = "urn:pulumi:dev::demo::test:index:Group::group"


def record(type_: str, name: str, parent: str = STACK, **inputs: Any) -> dict[str, Any]:
    return {"type": type_, "name": name, "parent": parent, "protect": False, "inputs": inputs}


def table(**inputs: Any) -> dict[str, Any]:
    return record("aws:dynamodb/table:Table", "items", **{"hashKey": "owner", **inputs})


def test_a_urn_has_the_types_of_all_parents_but_the_stacks() -> None:
    assert urn_of(record("pulumi:pulumi:Stack", "demo-dev", "")).endswith("::pulumi:pulumi:Stack::demo-dev")
    assert urn_of(record("test:index:Group", "group")) == GROUP
    inner = urn_of(record("aws:iam/role:Role", "a::b", GROUP))
    assert inner == "urn:pulumi:dev::demo::test:index:Group$aws:iam/role:Role::a::b"


def test_equal_plans_do_not_differ() -> None:
    assert (
        difference([table(), record("test:index:Group", "group")], [record("test:index:Group", "group"), table()]) == []
    )


def test_resources_are_created_and_deleted() -> None:
    changes = difference([table()], [record("aws:iam/role:Role", "role")])
    assert [(change.operation, change.name) for change in changes] == [
        (Operation.DELETE, "items"),
        (Operation.CREATE, "role"),
    ]


def test_a_resource_with_another_parent_is_another_resource() -> None:
    moved = table() | {"parent": GROUP}
    assert {change.operation for change in difference([table()], [moved])} == {Operation.CREATE, Operation.DELETE}


def test_a_changed_key_replaces_a_table() -> None:
    [change] = difference([table(tags={"a": "b"})], [table(hashKey="other")])
    assert change.operation is Operation.REPLACE
    assert change.loss
    assert [(each.path, each.replaces) for each in change.properties] == [("hashKey", True), ("tags", False)]


def test_other_inputs_update_it() -> None:
    [change] = difference([table()], [table(tags={"a": "b"})])
    assert (change.operation, [each.path for each in change.properties]) == (Operation.UPDATE, ["tags"])


def test_a_changed_protection_is_an_update() -> None:
    [change] = difference([table() | {"protect": True}], [table()])
    assert [(each.path, each.old, each.new) for each in change.properties] == [("protect", "true", "false")]


def test_a_known_value_that_becomes_unknown_is_an_update() -> None:
    [change] = difference([table(tags={"a": "b"})], [table(tags={"a": "[unknown]"})])
    assert [(each.path, each.new) for each in change.properties] == [("tags.a", "[unknown]")]


def test_components_have_no_provider_and_are_never_replaced() -> None:
    [change] = difference([record("test:index:Group", "group", a=1)], [record("test:index:Group", "group", a=2)])
    assert change.operation is Operation.UPDATE
