"""A stack that an earlier version deployed is updated by today's program: no table and no API is replaced."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.bundles import ROOT
from local.emulator.launch import Emulator, Options, free_port, start
from local.engine import deploy
from local.provider import Provider
from local.pulumi_cli import PulumiStack
from tests.pulumi.conftest import NO_CLI
from tests.pulumi.deployed import DEPLOYMENT, NOTHING, Changes, compare
from tests.pulumi.recorded import STATES, restore

RECORDED = sorted(STATES.glob("*.json"))


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with start(Options(state=tmp_path / "emulator", port=free_port())) as running:
        yield running


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
@pytest.mark.parametrize("engine", ["local", "pulumi"])
def test_an_earlier_stack_is_updated_in_place(emulator: Emulator, tmp_path: Path, engine: str, file: Path) -> None:
    if engine == "pulumi" and shutil.which("pulumi") is None:
        pytest.skip(NO_CLI)
    name = file.stem.partition("-")[0]
    provider = Provider(emulator.endpoint_url)
    state = restore(file, provider, tmp_path)
    checkpoint = tmp_path / "stack.json"
    checkpoint.write_text(json.dumps(state))
    tables = provider.connection.client("dynamodb").list_tables()["TableNames"]

    def up() -> Changes:
        before = custom(checkpoint)
        if engine == "local":
            deploy(ROOT, name, provider, checkpoint=checkpoint)
        else:
            PulumiStack(
                root=ROOT, name=name, folder=tmp_path / "cli", checkpoint=checkpoint, endpoint=emulator.endpoint_url
            ).up()
        return compare(before, custom(checkpoint))

    changes = up()
    assert changes.deleted == {}
    assert changes.replaced.keys() <= {DEPLOYMENT}
    assert provider.connection.client("dynamodb").list_tables()["TableNames"] == tables
    assert up() == NOTHING


def custom(checkpoint: Path) -> dict[str, dict[str, object]]:
    """Return the resources of a state by URN."""
    resources = json.loads(checkpoint.read_text())["deployment"]["resources"]
    return {each["urn"]: each for each in resources if each["type"].startswith("aws:")}
