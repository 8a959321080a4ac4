"""The local engine decides as Pulumi's engine does: small programs, deployed by both with the same fake provider.

After each deployment, the calls of the provider, what exists in its cloud, and the stacks' states are equal.
"""

from __future__ import annotations

import copy
import dataclasses
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from local.engine import DeploymentError, destroy, refresh
from local.engine.checkpoint import Checkpoint
from tests.pulumi.conftest import NO_CLI
from tests.pulumi.pulumi_stack import PulumiStack
from tests.unit.local.programs import FakeStack, changes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from local.engine import Resource


class Engines:
    """A stack deployed by both engines."""

    def __init__(self, folder: Path) -> None:
        self.local = FakeStack(folder / "local")
        self.pulumi = PulumiStack(folder / "pulumi")

    def set(self, **attributes: Any) -> None:
        """Set attributes of both providers (`cloud`, `broken`, `partial`)."""
        for provider in (self.local.provider, self.pulumi.provider):
            for name, value in attributes.items():
                setattr(provider, name, copy.deepcopy(value))

    def up(self, source: str, *, previewed: bool = True) -> list[str]:
        """Deploy a program with both engines, after a preview; return the calls of the provider."""
        if previewed:
            assert self._preview(source) == _sorted(self.pulumi.preview(source))
        return self._compare(lambda: self.local.up(source), lambda: self.pulumi.up(source))

    def refresh(self) -> None:
        """Refresh both stacks."""
        local = self.local
        self._compare(lambda: refresh(local.checkpoint, local.provider), self.pulumi.refresh)

    def destroy(self) -> list[str]:
        """Destroy both stacks."""
        local = self.local
        return self._compare(lambda: destroy(local.checkpoint, local.provider), self.pulumi.destroy)

    def _preview(self, source: str) -> list[str] | None:
        try:
            return _sorted(changes(self.local.preview(source)))
        except DeploymentError:
            return None

    def _compare(self, change: Callable[[], object], change_with_pulumi: Callable[[], bool]) -> list[str]:
        self.local.provider.calls.clear()
        try:
            change()
        except DeploymentError:
            succeeded = False
        else:
            succeeded = True
        assert change_with_pulumi() is succeeded
        assert self.local.provider.calls == self.pulumi.provider.calls
        assert self.local.provider.cloud == self.pulumi.provider.cloud
        assert _comparable(Checkpoint(self.local.checkpoint).load()) == _comparable(self.pulumi.state())
        return self.local.provider.calls


def _sorted(found: Sequence[str] | None) -> list[str] | None:
    return None if found is None else sorted(found)


def _comparable(resources: Sequence[Resource]) -> list[dict[str, Any]]:
    """Return the resources in a fixed order, without the random ids of providers."""
    found = [
        dataclasses.asdict(dataclasses.replace(resource, provider=resource.provider.rpartition("::")[0]))
        for resource in resources
        if not resource.is_provider
    ]
    return sorted(found, key=lambda resource: (resource["urn"], resource["id"]))


@pytest.fixture
def engines(tmp_path: Path) -> Engines:
    if shutil.which("pulumi") is None:
        pytest.skip(NO_CLI)
    return Engines(tmp_path)


def test_resources_are_created_updated_replaced_and_deleted(engines: Engines) -> None:
    first = """
    options = pulumi.ResourceOptions
    group = Group("group")
    one = Thing("one", size=1, password=pulumi.Output.secret("a"), opts=options(parent=group))
    two = Thing("two", text=one.made, opts=options(depends_on=[one]))
    three = Thing("three", key=1, size=1, text=two.made, opts=options(ignore_changes=["size"]))
    four = Thing("four", tags={"a": 1, "b": 1}, text=three.made, opts=options(replace_on_changes=["tags.a"]))
    five = Thing("five", text=four.id, opts=options(additional_secret_outputs=["made"], retain_on_delete=True))
    six = Thing("six", text=five.made)
    pulumi.export("made", six.made)
    """
    engines.up(first)
    assert engines.up(first) == []
    second = first.replace("size=1, password", "size=2, password").replace("key=1, size=1", "key=2, size=2")
    engines.up(second.replace('"a": 1', '"a": 2'))
    engines.up('Thing("seven")')
    assert engines.destroy() == ["delete id-of-seven"]


def test_renamed_resources_stay(engines: Engines) -> None:
    engines.up("""
    group = Group("old")
    child = Thing("old-child", opts=pulumi.ResourceOptions(parent=group))
    Thing("moved", size=1, opts=pulumi.ResourceOptions(depends_on=[child]))  # the CLI registers others in any order
    """)
    assert engines.up("""
    options, alias = pulumi.ResourceOptions, pulumi.Alias
    group = Group("new", options(aliases=[alias(name="old")]))
    Thing("new-child", opts=options(parent=group))
    Thing("moved", size=2, opts=options(parent=group, aliases=[alias(parent=pulumi.ROOT_STACK_RESOURCE)]))
    """) == ["update id-of-moved"]


def test_ignored_changes_of_a_list_are_those_of_the_elements_that_stay(engines: Engines) -> None:
    """As with the indexes of a scaled table. The CLI before 3.190 failed: "cannot ignore changes …"."""
    source = 'Thing("one", list={}, opts=pulumi.ResourceOptions(ignore_changes=["list[*].size"]))'

    def sizes(*given: dict[str, int]) -> list[dict[str, int]]:
        engines.up(source.format(list(given)))
        return engines.local.provider.cloud["id-of-one"]["list"]

    assert sizes({"id": 1, "size": 5}) == [{"id": 1, "size": 5}]
    assert sizes({"id": 1, "size": 7}) == [{"id": 1, "size": 5}]
    assert sizes({"id": 1, "size": 7}, {"id": 2, "size": 8}) == [{"id": 1, "size": 5}, {"id": 2, "size": 8}]
    assert sizes({"id": 2, "size": 9}) == [{"id": 2, "size": 5}]


DELETED_FIRST = """
one = Thing("one", key={}, title="a")
two = Thing("two", key=one.id)
three = Thing("three", text=two.id)
four = Thing("four", key=three.id, opts=pulumi.ResourceOptions(protect={}))
"""


def test_dependents_are_replaced_with_a_resource_that_is_deleted_first(engines: Engines) -> None:
    engines.up(DELETED_FIRST.format(1, False))
    engines.set(broken="one")
    engines.up(DELETED_FIRST.format(2, False), previewed=False)
    engines.set(broken="")
    engines.up(DELETED_FIRST.format(2, False))
    # The CLI's previews omit dependents that are deleted first and then no longer registered.
    engines.up('Thing("one", key=3, title="a")', previewed=False)


def test_protected_resources_are_kept(engines: Engines) -> None:
    protected = 'Thing("one", key={}, opts=pulumi.ResourceOptions(protect={}))'
    engines.up(protected.format(1, True))
    assert engines.up(protected.format(2, True), previewed=False) == []
    assert engines.up("", previewed=False) == []
    assert engines.destroy() == []
    assert engines.up(protected.format(2, False)) == ["create one", "delete id-of-one"]


def test_a_failed_deployment_is_resumed(engines: Engines) -> None:
    source = """
    one = Thing("one", key={}, size=1)
    two = Thing("two", text=one.id, count={})
    Thing("three", text=two.made)
    """
    engines.up(source.format(1, 1))
    engines.set(broken="id-of-two")
    engines.up(source.format(2, 2), previewed=False)
    engines.set(broken="")
    engines.up(source.format(2, 2))
    engines.set(broken="id-of-three")
    engines.up("", previewed=False)
    engines.set(broken="")
    engines.up("")


def test_existing_resources_are_read_and_imported(engines: Engines) -> None:
    engines.set(cloud={"abc": {"size": 1}, "def": {"size": 1}})
    source = """
    options = pulumi.ResourceOptions
    one = Thing("one", opts=options(id="abc"))
    two = Thing("two", size={}, text=one.made, opts=options(import_="def"))
    Thing("three", text=two.made)
    """
    engines.up(source.format(1))
    assert engines.up(source.format(1)) == []
    engines.up('Thing("one", size=3)\nThing("two", opts=pulumi.ResourceOptions(id="abc"))')


def test_drift_is_found_and_repaired(engines: Engines) -> None:
    source = 'one = Thing("one", size=1)\ntwo = Thing("two", text=one.made)\nThing("three", text=two.made)'
    engines.up(source)
    engines.set(cloud={"id-of-one": {"size": 2}, "id-of-three": {"text": "TWO"}})
    engines.refresh()
    engines.up(source)


def test_each_engine_continues_from_the_state_of_the_other(engines: Engines) -> None:
    source = """
    one = Thing("one", size={}, password=pulumi.Output.secret("a"), opts=pulumi.ResourceOptions(protect=True))
    Thing("two", text=one.made, opts=pulumi.ResourceOptions(parent=Group("group")))
    pulumi.export("made", one.made)
    """
    local, cli = engines.local, engines.pulumi
    local.up(source.format(1))
    cli.exchange(local, to_pulumi=True)
    assert cli.preview(source.format(1)) == []
    assert cli.up(source.format(2))
    assert cli.provider.calls == ["update id-of-one"]
    cli.exchange(local, to_pulumi=False)
    assert changes(local.up(source.format(2))) == []
    assert changes(local.up(source.format(3))) == ["update one"]
