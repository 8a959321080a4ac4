"""Tests with the real Pulumi CLI, which must be on PATH, and with both engines.

The CLI uses the project's own provider as its plugin (local/provider/plugin.py), so nothing is created in AWS.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.emulator.launch import Emulator, Options, free_port, start
from tests.checkout import checkout
from tests.pulumi.emulated import EmulatedStack, Engine
from tests.pulumi.project import Project

NO_CLI = "the Pulumi CLI is not installed: `pulumi` must be on PATH"


def require_cli() -> None:
    """Skip the test where the CLI is not installed."""
    if shutil.which("pulumi") is None:
        pytest.skip(NO_CLI)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A copy of the project, in which the CLI previews stacks without an endpoint and without credentials."""
    require_cli()
    return Project(checkout(tmp_path / "project"), tmp_path / "cli")


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    """An emulator without resources."""
    with start(Options(state=tmp_path / "emulator", port=free_port())) as running:
        yield running


@pytest.fixture(params=["local", "pulumi"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine; the CLI's only where it is installed."""
    if request.param == "pulumi" and shutil.which("pulumi") is None:
        pytest.skip(NO_CLI)
    return request.param


@pytest.fixture
def emulated(engine: Engine, emulator: Emulator, tmp_path: Path) -> EmulatedStack:
    """The stack `dev`, not deployed yet."""
    return EmulatedStack(engine, "dev", tmp_path, emulator)
