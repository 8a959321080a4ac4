"""Renamed resources: found in the state by their aliases, so that they are neither deleted nor created."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.engine import ResourceError
from tests.unit.local.programs import FakeStack, changes

if TYPE_CHECKING:
    from pathlib import Path

URN = "urn:pulumi:dev::demo::test:index:Group$test:index:Thing::one"


@pytest.fixture
def stack(tmp_path: Path) -> FakeStack:
    return FakeStack(tmp_path)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('Thing("old")', 'Thing("new", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")]))'),
        (
            'pulumi.CustomResource("test:index:Old", "one")',
            'Thing("one", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="test:index:Old")]))',
        ),
        (
            'Thing("one", opts=pulumi.ResourceOptions(parent=Group("group")))',
            f'Group("group")\nThing("one", opts=pulumi.ResourceOptions(aliases=["{URN}"]))',
        ),
        (
            'Group("group")\nThing("one")',
            (
                'Thing("one", opts=pulumi.ResourceOptions(parent=Group("group"),'
                " aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]))"
            ),
        ),
        (
            'Group("a")\nThing("one", opts=pulumi.ResourceOptions(parent=Group("b")))',
            (
                'a = Group("a")\nb = Group("b")\n'
                'Thing("one", opts=pulumi.ResourceOptions(parent=a, aliases=[pulumi.Alias(parent=b)]))'
            ),
        ),
    ],
    ids=["name", "type", "urn", "no-parent", "parent"],
)
def test_a_renamed_resource_stays(stack: FakeStack, before: str, after: str) -> None:
    stack.up(before)
    ids = set(stack.provider.cloud)
    deployment = stack.up(after)
    assert changes(deployment) == []
    assert stack.provider.calls == []
    assert {resource.id for resource in deployment.resources if resource.custom} == ids
    assert changes(stack.up(after)) == []


def test_children_inherit_their_parents_aliases(stack: FakeStack) -> None:
    source = """
    group = Group("{0}", {1})
    inner = pulumi.ComponentResource("test:index:Inner", "{0}-inner", opts=pulumi.ResourceOptions(parent=group))
    Thing("{0}-inner-thing", opts=pulumi.ResourceOptions(parent=inner))
    Thing("other", opts=pulumi.ResourceOptions(parent=inner))
    """
    stack.up(source.format("old", ""))
    after = source.format("new", 'pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")])')
    assert changes(stack.up(after)) == []
    assert stack.provider.calls == []
    assert changes(stack.up(after)) == []


def test_a_child_with_an_alias_and_a_renamed_parent_is_found(stack: FakeStack) -> None:
    stack.up('Thing("old-child", opts=pulumi.ResourceOptions(parent=Group("old")))')
    after = """
    group = Group("new", pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")]))
    Thing("renamed", opts=pulumi.ResourceOptions(parent=group, aliases=[pulumi.Alias(name="old-child")]))
    """
    assert changes(stack.up(after)) == []


def test_a_renamed_resource_can_be_changed_and_what_is_left_refers_to_its_new_name(stack: FakeStack) -> None:
    stack.up('old = Thing("old", size=1)\nThing("user", text=old.made)')
    stack.provider.broken = "id-of-user"
    with pytest.raises(ResourceError):
        stack.up('Thing("new", size=2, opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")]))')
    (renamed,), (user,) = stack.state("new"), stack.state("user")
    assert (renamed.id, renamed.inputs) == ("id-of-old", {"size": 2})
    assert user.dependencies == (renamed.urn,)
    assert user.property_dependencies == {"text": (renamed.urn,)}


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ('Thing("old")\nThing("new", opts=alias)', "its alias urn:.*::old is the URN of another resource"),
        ('Thing("new", opts=alias)\nThing("old")', "its URN urn:.*::old is an alias of urn:.*::new"),
        ('Thing("new", opts=alias)\nThing("newer", opts=alias)', "its alias urn:.*::old is that of new already"),
    ],
)
def test_two_resources_cannot_be_the_same_old_one(stack: FakeStack, source: str, problem: str) -> None:
    stack.up('Thing("old")')
    with pytest.raises(ResourceError, match=problem):
        stack.up(f'alias = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")])\n{source}')


def test_an_alias_that_was_never_used_is_ignored(stack: FakeStack) -> None:
    source = 'Thing("new", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")]))'
    assert changes(stack.up(source)) == ["create new"]
    assert changes(stack.up(source)) == []
