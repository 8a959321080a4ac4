"""A running stack in a copy of the project, one for all examples."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkout import checkout
from tests.e2e.conftest import two_free_ports


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the project whose stack is up, as after `make local`."""
    folder = checkout(tmp_path_factory.mktemp("docs"))
    command = [sys.executable, "-m", "local"]
    port = str(two_free_ports())
    start = [*command, "up", "--detach", "--port", port]
    try:
        done = subprocess.run(start, cwd=folder, check=False, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        yield folder
    finally:  # even after a start that took too long
        subprocess.run([*command, "down"], cwd=folder, check=False, capture_output=True, timeout=60)
