"""A stack that an earlier version deployed is updated by today's program: no table and no API is replaced."""

import json
from pathlib import Path

import pytest

from local.emulator.launch import Emulator
from tests.pulumi.deployed import DEPLOYMENT, NOTHING, PERMISSION, compare
from tests.pulumi.emulated import EmulatedStack, Engine
from tests.pulumi.recorded import STATES, restore

WITHOUT_LATER_SETTINGS = dict.fromkeys(("provider", "domain", "waf", "backups", "monitoring"), "{}")
"""Settings of the stack `prod` that the recorded stacks did not have, with an account that is not the emulator's."""

RECORDED = sorted(STATES.glob("*.json"))


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_an_earlier_stack_is_updated_in_place(emulator: Emulator, engine: Engine, tmp_path: Path, file: Path) -> None:
    stack = EmulatedStack(engine, file.stem.partition("-")[0], tmp_path, emulator)
    stack.checkpoint.write_text(json.dumps(restore(file, stack.provider, tmp_path)))
    before, tables = stack.resources(), stack.client("dynamodb").list_tables()["TableNames"]

    stack.up(**WITHOUT_LATER_SETTINGS)
    updated = stack.resources()
    changes = compare(before, updated)
    # The permissions of GET and HEAD are one now, with another name, so that it exists before they are deleted.
    assert changes.deleted.keys() <= {PERMISSION}
    assert changes.replaced.keys() <= {DEPLOYMENT}
    assert set(tables) <= set(stack.client("dynamodb").list_tables()["TableNames"])
    stack.up(**WITHOUT_LATER_SETTINGS)
    assert compare(updated, stack.resources()) == NOTHING
