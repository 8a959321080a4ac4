"""The preview of a pull request, with the Pulumi CLI: what it says about a deployed stack, and when it fails."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.changes.comment import MARKER
from local.pulumi_cli import environment
from tests.checkout import replace
from tests.pulumi.project import Project
from tests.pulumi.recorded import STATES, completed
from tests.workflow import steps

STEP = steps("preview.yml")["preview", "Preview the stacks"]


@pytest.fixture
def deployed(project: Project) -> Project:
    """A project whose stack `prod` is deployed, with tables that Pulumi does not protect."""
    project.init("prod")
    [recorded] = STATES.glob("prod-*.json")
    resources = completed(json.loads(recorded.read_text()))
    state = {
        "version": 3,
        "deployment": {"manifest": {}, "resources": [{**each, "protect": False} for each in resources]},
    }
    (project.cli / "state.json").write_text(json.dumps(state))
    imported = project.pulumi("stack", "import", "--stack", "prod", "--file", str(project.cli / "state.json"))
    assert imported.returncode == 0, imported.stderr
    replace(project.root / "Pulumi.prod.yaml", "protect: true", "protect: false")
    return project


def preview(project: Project, stacks: str = "prod", options: str = "") -> subprocess.CompletedProcess[str]:
    """Run the step of the workflow, without credentials, which the project's provider does not need."""
    cli = environment(project.cli)
    given = {"STACKS": stacks, "OPTIONS": options, "COMMIT": "0123456789"}
    variables = {name: given.get(name, cli.get(name, "")) for name in STEP.variables}
    return STEP.run(project.root, variables, **{name: cli[name] for name in cli.keys() - variables.keys()})


def backend(project: Project) -> dict[Path, int]:
    """Return the files of the CLI's backend with their times of change."""
    return {path: path.stat().st_mtime_ns for path in (project.cli / "backend").rglob("*")}


def test_an_update_is_listed_and_passes(deployed: Project) -> None:
    replace(deployed.root / "Pulumi.prod.yaml", "memory: 1024", "memory: 2048")
    done = preview(deployed)
    assert done.returncode == 0, done.stderr
    text = (deployed.root / "preview.md").read_text()
    assert text.startswith(f"{MARKER}\n## Preview of `0123456789`\n\n### `prod`\n\n**")
    assert "\n  - `memorySize`: `1024` → `2048`\n" in text
    removed = re.findall(r"to (?:replace|delete)</summary>\n\n(.*?)</details>", text, re.DOTALL)
    types = set(re.findall(r"^- `([\w:]+)`", "\n".join(removed), re.MULTILINE))
    assert types == {"aws:apigateway:Deployment", "aws:lambda:Permission"}, "nothing with data"


def test_replacing_and_deleting_tables_fails_unless_it_is_allowed(deployed: Project) -> None:
    (deployed.root / "handlers" / "contract" / "collections" / "events.py").unlink()
    replace(deployed.root / "handlers" / "contract" / "keys.py", 'KEY = "owner"', 'KEY = "owner_key"')
    done = preview(deployed)
    assert done.returncode == 1
    assert done.stderr == "gatehouse: data would be lost; if that is intended, pass --allow-data-loss\n"
    text = (deployed.root / "preview.md").read_text()
    assert "> - delete `aws:dynamodb:Table` `events`: all items\n" in text
    assert text.count("> - replace `aws:dynamodb:Table`") >= 1
    assert '`hashKey`: `"owner"` → `"owner_key"` (requires replacement)' in text
    assert preview(deployed, options="--allow-data-loss").returncode == 0


def test_a_preview_needs_only_to_read_the_state(deployed: Project) -> None:
    for name in ("backups", "history", "locks"):
        shutil.rmtree(deployed.cli / "backend" / ".pulumi" / name, ignore_errors=True)
    before = backend(deployed)
    assert preview(deployed).returncode == 0
    assert backend(deployed) == before


def test_a_secret_setting_is_not_in_the_comment(deployed: Project) -> None:
    deployed.set("prod", "--secret", "--path", "gatehouse:api.stageVariables.key", "hunter2")
    done = preview(deployed)
    assert done.returncode == 0, done.stderr
    text = (deployed.root / "preview.md").read_text()
    assert "`variables.key`: `[secret]` is added" in text
    assert "hunter2" not in text + done.stdout + done.stderr


def test_invalid_settings_are_all_in_the_comment(deployed: Project) -> None:
    replace(deployed.root / "Pulumi.prod.yaml", "memory: 1024", "memory: 1")
    replace(deployed.root / "Pulumi.prod.yaml", "throttleRate: 1000", "throttleRate: 0")
    assert preview(deployed, options="--allow-data-loss").returncode == 1
    text = (deployed.root / "preview.md").read_text()
    assert "    error: 2 invalid settings in Pulumi.prod.yaml\n" in text
    assert "gatehouse:functions.memory: must be at least 128 (found 1)" in text
    assert "gatehouse:api.throttleRate: must be at least 1 (found 0)" in text


def test_new_stacks_and_those_of_other_projects_are_created(project: Project) -> None:
    project.init("dev")
    project.init("main", "infra/account")
    done = preview(project, "dev infra/account:main")
    assert done.returncode == 0, done.stderr
    headings = [line for line in (project.root / "preview.md").read_text().splitlines() if line.startswith("### ")]
    assert headings == ["### `dev`", "### `infra/account:main`"]


def test_a_stack_that_does_not_exist_is_an_error(project: Project) -> None:
    project.init("dev")
    assert preview(project).returncode == 1
    assert "    error: no stack named 'prod' found\n" in (project.root / "preview.md").read_text()
