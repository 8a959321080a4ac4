"""Providers in the state, as Pulumi's engine names and configures them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.engine import ResourceError
from local.engine.providers import DefaultProviders
from local.engine.snapshot import Snapshot
from tests.unit.local.programs import FakeStack, changes

if TYPE_CHECKING:
    from pathlib import Path

EXPLICIT = """
class Explicit(pulumi.ProviderResource):
    def __init__(self, name, settings):
        super().__init__("test", name, settings)

provider = Explicit("main", {settings})
Thing("one", size=1, opts=pulumi.ResourceOptions(provider=provider))
"""


@pytest.fixture
def stack(tmp_path: Path) -> FakeStack:
    return FakeStack(tmp_path)


def explicit(**settings: str) -> str:
    """Return a program whose only resource has an explicit provider with these settings."""
    return EXPLICIT.format(settings=settings)


def test_a_provider_has_the_packages_version_and_settings() -> None:
    snapshot = Snapshot()
    config = {"aws:region": "eu-west-1", "demo:size": "1"}
    providers = DefaultProviders(snapshot, project="demo", stack="dev", config=config)
    reference = providers.reference("aws:sns/topic:Topic", "7.51.1")
    (provider,) = snapshot.new
    assert provider.urn == "urn:pulumi:dev::demo::pulumi:providers:aws::default_7_51_1"
    assert provider.inputs == {"region": "eu-west-1", "__internal": {}, "version": "7.51.1"}
    assert provider.outputs == {"region": "eu-west-1", "version": "7.51.1"}
    assert reference == f"{provider.urn}::{provider.id}"


def test_there_is_one_provider_for_each_package_and_version() -> None:
    snapshot = Snapshot()
    providers = DefaultProviders(snapshot, project="demo", stack="dev", config={})
    types = (("aws:a:A", "7.1.0"), ("aws:b:B", "7.1.0"), ("aws:a:A", "8.0.0-alpha.1+x"), ("other:a:A", ""))
    references = [providers.reference(*found) for found in types]
    assert references[0] == references[1]
    names = [provider.name for provider in snapshot.new]
    assert names == ["default_7_1_0", "default_8_0_0_alpha_1_x", "default"]


def test_a_resource_has_the_inputs_that_its_explicit_provider_adds(stack: FakeStack) -> None:
    stack.up(explicit(defaults='{"color": "red"}'))
    assert stack.provider.cloud == {"id-of-one": {"size": 1.0, "color": "red"}}
    (provider,), (one,) = stack.state("main"), stack.state("one")
    assert one.provider == f"{provider.urn}::{provider.id}"
    assert changes(stack.preview(explicit(defaults='{"color": "red"}'))) == []


def test_another_setting_of_an_explicit_provider_updates_its_resources(stack: FakeStack) -> None:
    stack.up(explicit(defaults='{"color": "red"}'))
    before = stack.state("main")[0].id
    changed = changes(stack.up(explicit(defaults='{"color": "blue"}')))
    assert changed == ["update main", "update one"]
    assert stack.provider.cloud["id-of-one"]["color"] == "blue"
    assert stack.state("main")[0].id == before


def test_nothing_is_created_if_an_explicit_provider_rejects_its_settings(stack: FakeStack) -> None:
    with pytest.raises(ResourceError, match="main: this account is not allowed"):
        stack.up(explicit(wrong="yes"))
    assert stack.provider.cloud == {}


def test_a_resource_that_is_left_is_deleted_before_its_explicit_provider(stack: FakeStack) -> None:
    stack.up(explicit(defaults='{"color": "red"}'))
    stack.up("")
    assert stack.provider.cloud == {}
    assert stack.state("main") == []
