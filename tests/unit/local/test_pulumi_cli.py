"""How the Pulumi CLI is called: a script that records its calls takes its place."""

import json
import stat
from pathlib import Path

import pytest

from infra.bundles import ROOT
from local.pulumi_cli import PulumiError, PulumiStack, environment

SCRIPT = """#!/bin/sh
shift  # --non-interactive
echo "$1 $2" >> {calls}
case "$1 $2" in
    "stack init") echo 'encryptionsalt: "v1:x"' > Pulumi.local.yaml;;
    "stack import") cp "$6" {imported};;
    "stack export") cp {exported} "$7";;
    "up "*) cp "$5" {settings}; exit {status};;
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
        self.succeed()

    def succeed(self, status: int = 0) -> None:
        names = {name: self.folder / name for name in ("calls", "imported", "exported", "settings")}
        script = self.folder / "pulumi"
        script.write_text(SCRIPT.format(**names, status=status))
        script.chmod(0o755)

    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(tmp_path, monkeypatch)


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
    cli.succeed(status=255)
    with pytest.raises(PulumiError, match="`pulumi up` failed with status 255"):
        cli.stack.up()
    assert cli.stack.checkpoint.read_text() == "after"


def test_the_state_of_a_killed_update_is_recovered(cli: Cli) -> None:
    (cli.stack.folder / "project").mkdir(parents=True)
    cli.stack.up()
    assert cli.calls() == ["stack export", "stack init", "stack import", "up --stack", "stack export"]
    assert (cli.folder / "imported").read_text() == "after"


def test_the_developers_own_settings_of_pulumi_and_aws_do_not_apply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "mine")
    assert "mine" not in environment(tmp_path).values()
    assert "AWS_ENDPOINT_URL" not in environment(tmp_path)
    assert environment(tmp_path, "http://127.0.0.1:1")["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
