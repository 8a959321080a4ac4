"""Tests with the real Pulumi CLI, which must be on PATH, and with both engines.

The CLI uses the project's own provider as its plugin (local/provider/plugin.py), so nothing is created in AWS.
"""

import shutil
from pathlib import Path

import pytest

from tests.checkout import checkout
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
