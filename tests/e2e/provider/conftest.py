"""An emulator shared by all tests of the provider, and programs deployed into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.emulator.launch import Options, free_port, start
from local.provider import Provider
from tests.e2e.provider.deploying import Deployer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """A provider for a running emulator."""
    with start(Options(state=tmp_path_factory.mktemp("emulator"), port=free_port())) as emulator:
        yield Provider(emulator.endpoint_url)


@pytest.fixture
def deployer(provider: Provider, tmp_path: Path) -> Deployer:
    """Deploys programs, each in its own folder."""
    return Deployer(provider, tmp_path)
