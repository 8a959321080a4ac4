"""How the Pulumi CLI is called: a script that records its calls takes its place."""

import json
import shutil
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from infra.packaging.bundles import ROOT
from local import deploy
from local.deploy import Engine, Target
from local.engine.checkpoint import CheckpointError
from local.processes import is_running, wait_until
from local.pulumi_cli import PulumiError, PulumiStack, environment
from local.state_folder import StateFolder

SCRIPT = """#!/bin/sh
shift  # --non-interactive
echo "$1 $2" >> {calls}
case "$1 $2" in
    "stack init") echo 'encryptionsalt: "v1:x"' > Pulumi.local.yaml;;
    "stack import") cp "$6" {imported};;
    "stack export") cp {exported} "$7";;
    "up "*) cp "$5" {settings}; {then};;
esac
"""


class Cli:
    """A stack of the project, and a script in place of the CLI."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.stack = PulumiStack(
            root=ROOT, name="local", folder=folder / "cli", checkpoint=folder / "stack.json",
            endpoint="http://127.0.0.1:1", overrides={"functions.memory": "300"},
        )  # fmt: skip
        (folder / "exported").write_text("after")
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        self.run_then("exit 0")

    def run_then(self, then: str) -> None:
        names = {name: self.folder / name for name in ("calls", "imported", "exported", "settings")}
        script = self.folder / "pulumi"
        script.write_text(SCRIPT.format(**names, then=then))
        script.chmod(0o755)

    def leave_killed(self, *, imported: bool = True) -> None:
        """Leave what an update leaves that was killed, after or before it had imported the state."""
        (self.stack.folder / "project").mkdir(parents=True)
        if imported:
            (self.stack.folder / "imported").touch()

    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(tmp_path, monkeypatch)


def interrupt(_: Path) -> NoReturn:
    raise KeyboardInterrupt


def test_the_state_is_imported_before_an_update_and_exported_after_it(cli: Cli) -> None:
    cli.stack.checkpoint.write_text("before")
    cli.stack.up()
    assert cli.calls() == ["stack init", "stack import", "up --stack", "stack export"]
    assert (cli.folder / "imported").read_text() == "before"
    assert cli.stack.checkpoint.read_text() == "after"
    assert stat.S_IMODE(cli.stack.checkpoint.stat().st_mode) == 0o600
    assert not cli.stack.folder.exists()


def test_overridden_settings_and_the_salt_are_in_a_file_of_the_run(cli: Cli) -> None:
    before = (ROOT / "Pulumi.local.yaml").read_bytes()
    cli.stack.up()
    settings = json.loads((cli.folder / "settings").read_text())
    assert settings["encryptionsalt"] == "v1:x"
    assert json.loads(settings["config"]["gatehouse:functions"])["memory"] == 300
    assert (ROOT / "Pulumi.local.yaml").read_bytes() == before


def test_the_state_of_a_failed_update_is_kept(cli: Cli) -> None:
    cli.run_then("exit 255")
    with pytest.raises(PulumiError, match="`pulumi up` failed with status 255"):
        cli.stack.up()
    assert cli.stack.checkpoint.read_text() == "after"


def test_the_state_of_a_killed_update_is_recovered(cli: Cli) -> None:
    cli.leave_killed()
    cli.stack.up()
    assert cli.calls() == ["stack export", "stack init", "stack import", "up --stack", "stack export"]
    assert (cli.folder / "imported").read_text() == "after"


def test_the_state_of_an_update_that_was_killed_before_it_began_is_not_used(cli: Cli) -> None:
    cli.stack.checkpoint.write_text("before")
    cli.leave_killed(imported=False)
    cli.stack.up()
    assert cli.calls() == ["stack init", "stack import", "up --stack", "stack export"]
    assert (cli.folder / "imported").read_text() == "before"


def test_a_state_that_cannot_be_imported_is_kept(cli: Cli) -> None:
    cli.stack.checkpoint.write_text("before")
    (cli.folder / "imported").mkdir()  # so that the script cannot copy the state
    (cli.folder / "imported" / "stack.json").mkdir()
    for _ in range(2):
        with pytest.raises(PulumiError, match="`pulumi stack import` failed"):
            cli.stack.up()
        assert cli.stack.checkpoint.read_text() == "before"


def test_a_state_that_cannot_be_recovered_is_kept(cli: Cli) -> None:
    cli.leave_killed()
    (cli.folder / "exported").unlink()
    with pytest.raises(PulumiError, match="`pulumi stack export` failed"):
        cli.stack.up()
    assert cli.stack.folder.exists()


def test_a_backend_that_is_deleted_in_part_is_not_used(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", interrupt)
        with pytest.raises(KeyboardInterrupt):
            cli.stack.up()
    (cli.folder / "exported").write_text("none")
    cli.stack.up()
    assert cli.calls()[3:] == ["stack init", "stack import", "up --stack", "stack export"]
    assert (cli.folder / "imported").read_text() == "after"


def test_the_local_engine_recovers_the_state_of_a_killed_update_first(cli: Cli) -> None:
    state = StateFolder(cli.folder / "state")
    cli.stack = replace(cli.stack, folder=state.pulumi)
    cli.leave_killed()
    with pytest.raises(CheckpointError, match=r"stack\.json"):  # "after" is not JSON
        deploy.preview(Engine.LOCAL, Target(root=ROOT, state=state, endpoint="http://127.0.0.1:1"))
    assert state.checkpoint.read_text() == "after"
    assert not state.pulumi.exists()


def test_a_killed_update_whose_cli_still_runs_is_not_disturbed(cli: Cli) -> None:
    busy, own_id, known_id = cli.folder / "busy", cli.folder / "own", cli.stack.folder.with_suffix(".pid")
    busy.touch()
    cli.run_then(f"echo $$ > {own_id}; while [ -e {busy} ]; do sleep 0.05; done")
    source = (
        "from pathlib import Path\nfrom local.pulumi_cli import PulumiStack\n"
        f"root, folder = Path({str(ROOT)!r}), Path({str(cli.folder)!r})\n"
        "PulumiStack(root=root, name='local', folder=folder / 'cli', checkpoint=folder / 'stack.json').up()"
    )
    process = subprocess.Popen([sys.executable, "-c", source], cwd=ROOT)
    assert wait_until(lambda: own_id.exists() and own_id.read_text().strip() == known_id.read_text(), seconds=60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for run in (cli.stack.recover, cli.stack.up):
        with pytest.raises(PulumiError, match="still running"):
            run()
    assert cli.stack.folder.exists()
    busy.unlink()
    assert wait_until(lambda: not is_running(int(own_id.read_text())), seconds=60)
    cli.run_then("exit 0")
    cli.stack.up()
    assert cli.calls()[-5:] == ["stack export", "stack init", "stack import", "up --stack", "stack export"]


def test_the_developers_own_settings_of_pulumi_and_aws_do_not_apply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "mine")
    assert "mine" not in environment(tmp_path).values()
    assert "AWS_ENDPOINT_URL" not in environment(tmp_path)
    assert environment(tmp_path, "http://127.0.0.1:1")["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
