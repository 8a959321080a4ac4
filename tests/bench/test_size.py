"""Benchmarks of size: resources, and seconds to plan and to deploy locally, for 3, 25 and 150 collections."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.emulator.launch import Options, free_port, start
from tests.bench.recording import Results
from tests.bench.report import Number
from tests.checkout import checkout, with_collections

FEW, MANY, LARGEST = 3, 25, 150

GROWTH = 1.5
"""How much longer a resource may take among those of the largest stack than among those of 25 collections."""

DEPLOY = """
import sys
from pathlib import Path
from local.engine import deploy
from local.provider import Provider

root, endpoint, checkpoint, layout = sys.argv[1:]
overrides = {"gatehouse:functions.layout": layout}
deploy(Path(root), "local", Provider(endpoint), overrides, checkpoint=Path(checkpoint))
"""


@pytest.mark.parametrize("layout", ["operation", "collection", "single"])
def test_the_time_of_a_resource_does_not_grow_with_their_number(results: Results, tmp_path: Path, layout: str) -> None:
    per_resource: dict[tuple[str, int], float] = {}
    for size in (FEW, MANY, LARGEST):
        (tmp_path / str(size)).mkdir()
        root = checkout(tmp_path / str(size))
        with_collections(root, size)
        resources, planned = plan(root, layout)
        deployed = deploy(root, layout, tmp_path / f"{size}-state")
        row = f"{size} collections, layout {layout}"
        results.add("size of a stack", row, "resources", Number(resources))
        for step, seconds in (("plan", planned), ("local deployment", deployed)):
            results.add("size of a stack", row, step, Number(seconds, "s"))
            per_resource[step, size] = seconds / resources
    for step in ("plan", "local deployment"):
        growth = per_resource[step, LARGEST] / per_resource[step, MANY]
        row = f"{LARGEST} ÷ {MANY} collections, per resource, layout {layout}"
        results.check("growth with the size of a stack", row, step, Number(growth, at_most=GROWTH))


def plan(root: Path, layout: str) -> tuple[int, float]:
    """Return the number of resources, and the seconds of a plan including the start of Python."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "local", "plan", "--json", "--set", f"functions.layout={layout}"]
    planned = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
    return len(json.loads(planned)), time.perf_counter() - started


def deploy(root: Path, layout: str, state: Path) -> float:
    """Return the seconds of a deployment into an empty emulator, including the start of Python and the bundles."""
    state.mkdir()
    with start(Options(state=state, port=free_port())) as emulator:
        arguments = [str(root), emulator.endpoint_url, str(state / "stack.json"), layout]
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", DEPLOY, *arguments], cwd=root, check=True)
        return time.perf_counter() - started
