"""Second deployments by the local engine: what is created, updated, left as it is, and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.engine import ResourceError, Step, deploy
from local.engine.values import UNKNOWN, Secret
from tests.unit.local.programs import FakeProvider, FakeStack, changes, named, write_program

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def stack(tmp_path: Path) -> FakeStack:
    return FakeStack(tmp_path)


class TestUpdates:
    def test_a_second_deployment_changes_nothing(self, stack: FakeStack) -> None:
        source = """
        group = Group("group")
        one = Thing("one", size=1, password=pulumi.Output.secret("a"), opts=pulumi.ResourceOptions(parent=group))
        Thing("two", text=one.made)
        pulumi.export("made", one.made)
        """
        first = stack.up(source)
        state = stack.checkpoint.read_text().partition('"resources"')
        second = stack.up(source)
        assert changes(second) == []
        assert stack.provider.calls == []
        assert second.exports == first.exports == {"made": "ONE"}
        assert [resource.id for resource in second.resources] == [resource.id for resource in first.resources]
        assert stack.checkpoint.read_text().partition('"resources"')[2] == state[2]

    def test_only_the_changed_resource_is_updated(self, stack: FakeStack) -> None:
        stack.up('Thing("one", size=1)\nThing("two", size=1)')
        deployment = stack.up('Thing("one", size=2)\nThing("two", size=1)')
        assert stack.provider.calls == ["update id-of-one"]
        (step,) = (step for step in deployment.steps if step.operation != "same")
        assert (step.operation, step.changed, step.replaces) == ("update", ("size",), ())
        assert step.old is not None
        assert (step.old.inputs, step.resource.inputs) == ({"size": 1}, {"size": 2})
        assert stack.provider.cloud["id-of-one"] == {"size": 2}

    def test_a_changed_output_is_passed_on(self, stack: FakeStack) -> None:
        source = 'one = Thing("one", size={})\nThing("two", size=pulumi.Output.from_input(one.size))'
        program = source.replace("one.size", "one.made.apply(lambda _: {})")
        stack.up(program.format(1, 1))
        assert changes(stack.up(program.format(2, 2))) == ["update one", "update two"]

    def test_a_resource_that_is_no_longer_registered_is_deleted_at_the_end(self, stack: FakeStack) -> None:
        stack.up('one = Thing("one")\nThing("two", text=one.made)\nThing("three")')
        deployment = stack.up('Thing("four")\nThing("three")')
        assert stack.provider.calls == ["create four", "delete id-of-two", "delete id-of-one"]
        assert changes(deployment) == ["create four", "delete two", "delete one"]
        assert set(stack.provider.cloud) == {"id-of-three", "id-of-four"}
        assert stack.state("one") == []

    def test_a_retained_resource_is_only_removed_from_the_state(self, stack: FakeStack) -> None:
        stack.up('Thing("one", opts=pulumi.ResourceOptions(retain_on_delete=True))')
        assert changes(stack.up("")) == ["delete one"]
        assert stack.provider.calls == []
        assert stack.state("one") == []

    def test_a_protected_resource_is_not_deleted_and_neither_is_any_other(self, stack: FakeStack) -> None:
        stack.up('Thing("one", opts=pulumi.ResourceOptions(protect=True))\nThing("two")')
        message = "^test:index:Thing one: it is protected, but would be deleted; to allow it, set the option `protect`"
        for run in (stack.preview, stack.up):
            with pytest.raises(ResourceError, match=message):
                run("")
        assert stack.provider.calls == []
        stack.up('Thing("one")')
        assert changes(stack.up("")) == ["delete one"]

    def test_all_inputs_that_the_provider_rejects_are_reported(self, stack: FakeStack) -> None:
        with pytest.raises(ResourceError, match=r"^test:index:Thing one: not supported: wrong_a, wrong_b$"):
            stack.up('Thing("one", wrong_a=1, wrong_b=2)')
        assert stack.provider.calls == []

    def test_ignored_changes_keep_the_old_value(self, stack: FakeStack) -> None:
        source = 'Thing("one", tags={{"a": {}, "b": {}}}, opts=pulumi.ResourceOptions(ignore_changes=["tags.a"]))'
        stack.up(source.format(1, 1))
        assert changes(stack.up(source.format(2, 1))) == []
        assert changes(stack.up(source.format(2, 2))) == ["update one"]
        assert stack.provider.cloud["id-of-one"] == {"tags": {"a": 1, "b": 2}}

    def test_a_component_is_changed_without_the_provider(self, stack: FakeStack) -> None:
        source = 'Thing("one", opts=pulumi.ResourceOptions(parent=Group("group")))'
        stack.up(source)
        assert changes(stack.up("")) == ["delete one", "delete group"]
        assert stack.provider.calls == ["delete id-of-one"]

    def test_outputs_declared_secret_remain_secret(self, stack: FakeStack) -> None:
        source = 'Thing("one", size={}, opts=pulumi.ResourceOptions(additional_secret_outputs=["made"]))'
        stack.up(source.format(1))
        for size in (1, 2):
            made = named(stack.up(source.format(size)), "one").outputs["made"]
            assert made == Secret("ONE")


class TestFailures:
    SOURCE = 'one = Thing("one", size={})\ntwo = Thing("two", text=one.made)\nThing("three", text=two.made)'

    def test_a_failed_deployment_can_be_resumed(self, stack: FakeStack) -> None:
        stack.provider.broken = "two"
        with pytest.raises(ResourceError, match="the service rejected the call"):
            stack.up(self.SOURCE.format(1))
        stack.provider.broken = ""
        assert changes(stack.up(self.SOURCE.format(1))) == ["create two", "create three"]
        assert changes(stack.up(self.SOURCE.format(1))) == []

    def test_nothing_is_deleted_after_a_failure(self, stack: FakeStack) -> None:
        stack.up('Thing("old")')
        stack.provider.broken = "one"
        for source in ('Thing("one")', "raise ValueError"):
            with pytest.raises(Exception, match=r"the service rejected the call|ValueError"):
                stack.up(source)
        assert "id-of-old" in stack.provider.cloud
        stack.provider.broken = ""
        assert changes(stack.up('Thing("one")')) == ["create one", "delete old"]

    def test_a_failed_deletion_is_repeated(self, stack: FakeStack) -> None:
        stack.up('one = Thing("one")\nThing("two", text=one.made)')
        stack.provider.broken = "id-of-one"
        with pytest.raises(ResourceError, match=r"^test:index:Thing one: the service rejected the call$"):
            stack.up("")
        assert set(stack.provider.cloud) == {"id-of-one"}
        stack.provider.broken = ""
        assert changes(stack.up("")) == ["delete one"]

    @pytest.mark.parametrize("first", ["", 'Thing("one", size=1)'])
    def test_what_succeeded_only_in_part_is_completed(self, stack: FakeStack, first: str) -> None:
        if first:
            stack.up(first)
        stack.provider.partial = "id-of-one" if first else "one"
        with pytest.raises(ResourceError, match="the count cannot be set"):
            stack.up('Thing("one", size=2, count=3)')
        assert stack.state("one")[0].init_errors == ("the count cannot be set",)
        stack.provider.partial = ""
        assert changes(stack.up('Thing("one", size=2, count=3)')) == ["update one"]
        assert stack.provider.cloud["id-of-one"] == {"size": 2, "count": 3}
        assert changes(stack.up('Thing("one", size=2, count=3)')) == []

    def test_what_failed_in_part_is_updated_even_if_no_input_differs(self, stack: FakeStack) -> None:
        stack.provider.partial = "one"
        with pytest.raises(ResourceError):
            stack.up('Thing("one", size=2, count=3)')
        assert changes(stack.up('Thing("one", size=2)')) == ["update one"]


class TestPreviews:
    def test_a_preview_decides_as_the_deployment_does(self, stack: FakeStack) -> None:
        before = 'Thing("gone")\nThing("same", size=1)\nThing("changed", size=1)\nThing("replaced", key=1)'
        after = 'Thing("same", size=1)\nThing("changed", size=2)\nThing("replaced", key=2)\nThing("new")'
        stack.up(before)
        previewed = stack.preview(after)
        assert changes(previewed) == ["update changed", "replace replaced", "create new", "delete gone"]
        deployed = stack.up(after)
        assert changes(previewed) == changes(deployed)
        assert [step.changed for step in previewed.steps] == [step.changed for step in deployed.steps]

    def test_the_outputs_of_a_changed_resource_stay_known_and_those_of_a_new_one_are_unknown(
        self, stack: FakeStack
    ) -> None:
        stack.up('Thing("updated", size=1)\nThing("replaced", key=1)')
        source = """
        for thing in (Thing("updated", size=2), Thing("replaced", key=2), Thing("new")):
            Thing(f"user-{thing._name}", text=thing.made)
        """
        previewed = stack.preview(source)
        found = {step.resource.name: step.resource.inputs.get("text") for step in previewed.steps}
        assert found["user-updated"] == "UPDATED"
        assert found["user-replaced"] is UNKNOWN
        assert found["user-new"] is UNKNOWN

    def test_an_unknown_input_is_a_change(self, stack: FakeStack) -> None:
        stack.up('one = Thing("one", key=1)\nThing("two", text=one.made)')
        previewed = stack.preview('one = Thing("one", key=2)\nThing("two", text=one.made)')
        assert changes(previewed) == ["replace one", "update two"]

    def test_the_inputs_are_checked(self, stack: FakeStack) -> None:
        stack.up("")
        with pytest.raises(ResourceError, match="not supported: wrong"):
            stack.preview('Thing("one", wrong=1)')


class TestExistingResources:
    READ = """
        one = Thing("one", opts=pulumi.ResourceOptions(id="abc"))
        Thing("two", title=one.made)
    """
    IMPORT = """
        one = Thing("one", size=1, opts=pulumi.ResourceOptions(import_="abc"))
        Thing("two", title=one.made)
    """

    @pytest.fixture(autouse=True)
    def _existing(self, stack: FakeStack) -> None:
        stack.provider.cloud["abc"] = {"size": 1}

    @pytest.mark.parametrize(("source", "operation"), [(READ, "read"), (IMPORT, "import")])
    def test_an_existing_resource_is_not_created_and_its_outputs_are_read(
        self, stack: FakeStack, source: str, operation: str
    ) -> None:
        deployed = stack.up(source)
        assert changes(deployed) == [f"{operation} one", "create two"]
        assert stack.provider.calls == ["create two"]
        assert named(deployed, "two").inputs == {"title": "ABC"}
        assert named(stack.preview(source), "two").inputs == {"title": "ABC"}

    @pytest.mark.parametrize("source", [READ, IMPORT])
    def test_one_that_does_not_exist_is_reported(self, stack: FakeStack, source: str) -> None:
        stack.provider.cloud.clear()
        with pytest.raises(ResourceError, match=r"^test:index:Thing one: there is no resource with the id abc$"):
            stack.up(source)

    def test_a_resource_that_is_only_read_is_not_deleted(self, stack: FakeStack) -> None:
        stack.up(self.READ)
        stack.up("")
        assert stack.provider.calls == ["delete id-of-two"]
        assert stack.state("one") == []

    def test_an_imported_resource_is_changed_to_what_the_program_wants(self, stack: FakeStack) -> None:
        source = self.IMPORT.replace("size=1", "size=2")
        deployed = stack.up(source)
        assert changes(deployed) == ["import one", "create two"]
        assert deployed.steps[1].changed == ("size",)
        assert stack.provider.cloud["abc"] == {"size": 2}
        assert changes(stack.up(source)) == []

    def test_an_imported_resource_is_not_replaced(self, stack: FakeStack) -> None:
        with pytest.raises(ResourceError, match="it is imported, but a change of key requires its replacement"):
            stack.up(self.IMPORT.replace("size=1", "key=2"))
        assert stack.provider.calls == []

    def test_an_import_replaces_the_resource_that_the_stack_had(self, stack: FakeStack) -> None:
        stack.up('Thing("one", size=1)')
        assert changes(stack.up(self.IMPORT)) == ["replace one", "create two"]
        assert stack.provider.calls == ["create two", "delete id-of-one"]
        assert [resource.id for resource in stack.state("one")] == ["abc"]

    def test_a_resource_that_the_stack_had_is_deleted_if_another_is_read_instead(self, stack: FakeStack) -> None:
        stack.up('Thing("one", size=1)')
        assert changes(stack.up(self.READ)) == ["replace one", "create two"]
        assert stack.provider.calls == ["create two", "delete id-of-one"]

    def test_a_resource_is_created_if_the_stack_only_read_it_before(self, stack: FakeStack) -> None:
        stack.up(self.READ)
        stack.up('one = Thing("one")\nThing("two", title=one.made)')
        assert stack.provider.calls == ["create one", "update id-of-two"]
        assert "abc" in stack.provider.cloud


def test_a_deployment_without_a_state_creates_everything(tmp_path: Path) -> None:
    root, provider = write_program(tmp_path, 'Thing("one")'), FakeProvider()
    reported: list[Step] = []
    for _ in range(2):
        deploy(root, "dev", provider, on_step=reported.append)
    assert provider.calls == ["create one", "create one"]
    assert [step.operation for step in reported] == ["create"] * 4
