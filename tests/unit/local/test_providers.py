"""Default providers in the state, as Pulumi's engine names and configures them."""

from __future__ import annotations

from local.engine.providers import DefaultProviders
from local.engine.snapshot import Snapshot


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
