"""Replacements by the local engine: their order, what depends on them, and what prevents them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.engine import ResourceError
from tests.unit.local.programs import FakeStack, changes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def stack(tmp_path: Path) -> FakeStack:
    return FakeStack(tmp_path)


class TestCreateFirst:
    SOURCE = 'one = Thing("one", key={})\nThing("two", text=one.id)'

    def test_the_new_resource_is_created_before_the_old_one_is_deleted_at_the_end(self, stack: FakeStack) -> None:
        stack.up(self.SOURCE.format(1))
        deployment = stack.up(self.SOURCE.format(2))
        assert stack.provider.calls == ["create one", "update id-of-two", "delete id-of-one"]
        assert changes(deployment) == ["replace one", "update two"]
        step = next(step for step in deployment.steps if step.operation == "replace")
        assert (step.changed, step.replaces) == (("key",), ("key",))
        assert [resource.id for resource in stack.state("one")] == ["id-of-one-2"]

    def test_the_old_resource_is_deleted_later_if_the_deployment_fails(self, stack: FakeStack) -> None:
        stack.up(self.SOURCE.format(1))
        stack.provider.broken = "id-of-two"
        with pytest.raises(ResourceError):
            stack.up(self.SOURCE.format(2))
        assert [(resource.id, resource.delete) for resource in stack.state("one")] == [
            ("id-of-one-2", False),
            ("id-of-one", True),
        ]
        stack.provider.broken = ""
        assert changes(stack.up(self.SOURCE.format(2))) == ["update two"]
        assert stack.provider.calls == ["update id-of-two", "delete id-of-one"]

    def test_changes_that_the_program_lists_require_a_replacement(self, stack: FakeStack) -> None:
        source = 'Thing("one", tags={{"a": {}}}, opts=pulumi.ResourceOptions(replace_on_changes=["tags.a"]))'
        stack.up(source.format(1))
        assert changes(stack.up(source.format(2))) == ["replace one"]

    def test_a_retained_resource_remains(self, stack: FakeStack) -> None:
        source = 'Thing("one", key={}, opts=pulumi.ResourceOptions(retain_on_delete=True))'
        stack.up(source.format(1))
        stack.up(source.format(2))
        assert stack.provider.calls == ["create one"]
        assert set(stack.provider.cloud) == {"id-of-one", "id-of-one-2"}

    def test_a_resource_that_became_a_component_is_replaced(self, stack: FakeStack) -> None:
        stack.up('pulumi.CustomResource("test:index:Thing", "one")')
        stack.up('pulumi.ComponentResource("test:index:Thing", "one")')
        assert stack.provider.calls == ["delete id-of-one"]
        assert [resource.custom for resource in stack.state("one")] == [False]

    def test_ignored_changes_are_applied_by_a_replacement(self, stack: FakeStack) -> None:
        source = 'Thing("one", key={0}, size={0}, opts=pulumi.ResourceOptions(ignore_changes=["size"]))'
        stack.up(source.format(1))
        stack.up(source.format(2))
        assert stack.provider.cloud == {"id-of-one-2": {"key": 2, "size": 2}}


class TestDeleteFirst:
    def test_the_provider_requires_it_for_a_unique_name(self, stack: FakeStack) -> None:
        stack.up('Thing("one", key=1, title="a")')
        assert changes(stack.up('Thing("one", key=2, title="a")')) == ["replace one"]
        assert stack.provider.calls == ["delete id-of-one", "create one"]

    @pytest.mark.parametrize(("option", "calls"), [(True, ["delete", "create"]), (False, ["create", "delete"])])
    def test_the_program_decides_otherwise(self, stack: FakeStack, *, option: bool, calls: list[str]) -> None:
        title = "" if option else ', title=f"a{}"'
        source = f'Thing("one", key={{}}{title}, opts=pulumi.ResourceOptions(delete_before_replace={option}))'
        stack.up(source.format(1, 1))
        stack.up(source.format(2, 2))
        assert [call.split()[0] for call in stack.provider.calls] == calls

    SOURCE = """
    options = pulumi.ResourceOptions(delete_before_replace=True)
    one = Thing("one", key={}, opts=options)
    two = Thing("two", key=one.id)
    three = Thing("three", text=two.id)
    four = Thing("four", key=three.id)
    Thing("five", opts=pulumi.ResourceOptions(depends_on=[one]))
    """

    def test_dependents_that_must_be_replaced_are_deleted_before(self, stack: FakeStack) -> None:
        stack.up(self.SOURCE.format(1))
        stack.provider.cloud["id-of-two"]["key"] = "something else"
        deployment = stack.up(self.SOURCE.format(2))
        # `three` is only updated, so that `four`, whose key does not change, remains.
        assert stack.provider.calls == ["delete id-of-two", "delete id-of-one", "create one", "create two"]
        assert changes(deployment) == ["replace one", "replace two"]

    def test_a_preview_decides_the_same(self, stack: FakeStack) -> None:
        stack.up(self.SOURCE.format(1))
        assert changes(stack.preview(self.SOURCE.format(2)))[:2] == ["replace one", "replace two"]

    def test_a_failed_creation_is_repeated_without_another_deletion(self, stack: FakeStack) -> None:
        stack.up(self.SOURCE.format(1))
        stack.provider.broken = "one"
        with pytest.raises(ResourceError):
            stack.up(self.SOURCE.format(2))
        assert set(stack.provider.cloud) == {"id-of-three", "id-of-four", "id-of-five"}
        assert [resource.pending_replacement for name in ("one", "two") for resource in stack.state(name)] == [True] * 2
        stack.provider.broken = ""
        stack.up(self.SOURCE.format(2))
        assert stack.provider.calls == ["create one", "create two"]
        assert changes(stack.up(self.SOURCE.format(2))) == []

    def test_a_deleted_dependent_that_is_no_longer_registered_is_removed(self, stack: FakeStack) -> None:
        stack.up(self.SOURCE.format(1))
        program = 'Thing("one", key=2, opts=pulumi.ResourceOptions(delete_before_replace=True))'
        first, *others = changes(stack.up(program))
        assert first == "replace one"
        assert sorted(others) == ["delete five", "delete four", "delete three", "delete two"]
        assert stack.provider.calls.count("delete id-of-two") == 1
        assert stack.state("two") == []


class TestProtection:
    def test_a_protected_resource_is_not_replaced(self, stack: FakeStack) -> None:
        source = 'Thing("one", key={}, opts=pulumi.ResourceOptions(protect={}))'
        stack.up(source.format(1, True))
        message = (
            r"^test:index:Thing one: it is protected, but a change of key requires its replacement; to allow it, set"
        )
        for run in (stack.preview, stack.up):
            with pytest.raises(ResourceError, match=message):
                run(source.format(2, True))
        assert stack.provider.calls == []
        assert changes(stack.up(source.format(2, False))) == ["replace one"]

    def test_a_protected_dependent_is_not_deleted_before(self, stack: FakeStack) -> None:
        source = """
        one = Thing("one", key={}, title="a")
        two = Thing("two", key=one.id)
        Thing("three", key=two.id, opts=pulumi.ResourceOptions(protect=True))
        """
        stack.up(source.format(1))
        with pytest.raises(ResourceError, match="would replace test:index:Thing three, which is protected"):
            stack.up(source.format(2))
        assert stack.provider.calls == []
