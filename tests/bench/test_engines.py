"""Benchmarks of the engines: time and AWS calls of an update from scratch, and of one with nothing to do."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.packaging.bundles import ROOT
from local.emulator.launch import Options, free_port, start
from local.pulumi_cli import PulumiStack
from tests.bench.aws_proxy import counting_proxy
from tests.bench.recording import Results
from tests.bench.report import Number
from tests.pulumi.conftest import NO_CLI

UPDATES = "an update of the stack `local`"
DEPLOY = """
import sys
from pathlib import Path
from local.engine import deploy
from local.provider import Provider

root, endpoint, checkpoint = sys.argv[1:]
deploy(Path(root), "local", Provider(endpoint), checkpoint=Path(checkpoint))
"""

Update = Callable[[str, Path], None]


def up_local(endpoint: str, folder: Path) -> None:
    """Update the stack with the in-process engine, in a new process."""
    subprocess.run([sys.executable, "-c", DEPLOY, ROOT, endpoint, folder / "stack.json"], cwd=ROOT, check=True)


def up_pulumi(endpoint: str, folder: Path) -> None:
    """Update the stack with the Pulumi CLI, including the import and the export of its state."""
    checkpoint = folder / "stack.json"
    PulumiStack(root=ROOT, name="local", folder=folder / "cli", checkpoint=checkpoint, endpoint=endpoint).up()


@pytest.mark.skipif(shutil.which("pulumi") is None, reason=NO_CLI)
def test_updates_by_both_engines(results: Results, tmp_path: Path) -> None:
    measured = {name: measure(up, tmp_path / name) for name, up in (("local", up_local), ("pulumi", up_pulumi))}
    (local_first, local_again), (first, again) = measured["local"], measured["pulumi"]
    for row, engines in (("from scratch", (local_first, first)), ("nothing to do", (local_again, again))):
        for name, (seconds, calls) in zip(measured, engines, strict=True):
            results.add(UPDATES, row, f"engine {name}", Number(seconds, "s"))
            results.add(UPDATES, row, f"engine {name}: AWS calls", Number(calls))
    results.check(UPDATES, "from scratch", "local ÷ pulumi", Number(local_first[0] / first[0], at_most=0.7))
    results.check(UPDATES, "nothing to do", "local ÷ pulumi", Number(local_again[0] / again[0], at_most=0.7))
    assert local_first[1] == first[1]
    assert (local_again[1], again[1]) == (0, 0)


def measure(up: Update, folder: Path) -> list[tuple[float, int]]:
    """Return the seconds and the AWS calls of two updates: the first creates everything."""
    found: list[tuple[float, int]] = []
    with (
        start(Options(state=folder / "emulator", port=free_port())) as emulator,
        counting_proxy(emulator.endpoint_url) as proxy,
    ):
        for _ in range(2):
            calls, started = proxy.calls, time.perf_counter()
            up(proxy.url, folder)
            found.append((time.perf_counter() - started, proxy.calls - calls))
        assert len(json.loads((folder / "stack.json").read_text())["deployment"]["resources"]) > 100
    return found
