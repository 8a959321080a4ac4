"""The workflows of the continuous integration: their settings, and the commands of their steps."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from infra.changes.comment import MARKER
from infra.packaging.bundles import ROOT
from tests.checkout import ENVIRONMENTS
from tests.workflow import FOLDER, read, steps

WORKFLOWS = sorted(path.name for path in FOLDER.glob("*.yml"))
ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"

TESTED = {
    ("preview", "Install what the program needs"): "test_the_program_is_installed",
    ("preview", "Preview the stacks"): "TestPreviewStep",
    ("comment", "Create or update the comment"): "TestCommentStep",
    ("plan", "Install what the program needs"): "test_the_program_is_installed",
    ("plan", "Compare the plans"): "tests/graph/test_against.py",
}
"""Where each step of preview.yml is run."""


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_checkout_persists_no_credentials(name: str) -> None:
    jobs = read(name)["jobs"].values()
    checkouts = [step for job in jobs for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step.get("with", {}).get("persist-credentials") is False for step in checkouts)


def test_actionlint_finds_no_mistakes() -> None:
    if shutil.which("go") is None:
        pytest.skip("go not found: this test runs actionlint, a program in Go")
    done = subprocess.run(["go", "run", ACTIONLINT], cwd=ROOT, capture_output=True, text=True, check=False)
    if "dial tcp" in done.stderr:
        pytest.skip("the Go module proxy cannot be reached")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_every_step_of_the_preview_is_run_by_a_test() -> None:
    assert steps("preview.yml").keys() == TESTED.keys()


def test_the_preview_uses_the_cli_of_the_sdks_version() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    [action] = [
        step for step in read("preview.yml")["jobs"]["preview"]["steps"]
        if step.get("uses", "").startswith("pulumi/actions@")
    ]  # fmt: skip
    assert f"pulumi=={action['with']['pulumi-version']}" in groups["program"]


def test_only_the_job_without_code_of_the_pull_request_may_write() -> None:
    workflow = read("preview.yml")
    assert workflow["permissions"] == {}
    permissions = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    assert permissions == {
        "preview": {"contents": "read", "id-token": "write"},
        "comment": {"pull-requests": "write"},
        "plan": {"contents": "read"},
    }
    assert not any("checkout" in step.get("uses", "") for step in workflow["jobs"]["comment"]["steps"])


def test_one_job_has_credentials_and_the_other_one_runs_where_there_are_none() -> None:
    jobs = read("preview.yml")["jobs"]
    negated = jobs["preview"]["if"].replace("==", "≠").replace("!=", "==").replace("≠", "!=").replace("&&", "||")
    assert jobs["plan"]["if"].split() == negated.split()
    assert "secrets." not in json.dumps(jobs["plan"])


@pytest.mark.parametrize(
    ("action", "label", "options"),
    [
        ("labeled", "allow-data-loss", "--allow-data-loss"),
        ("labeled", "other", ""),
        ("unlabeled", "allow-data-loss", ""),
        ("synchronize", "", ""),
        ("reopened", "", ""),
    ],
)
def test_the_label_permits_only_what_was_lost_when_it_was_set(action: str, label: str, options: str) -> None:
    expression: str = read("preview.yml")["env"]["OPTIONS"].removeprefix("${{ ").removesuffix(" }}")
    condition, otherwise = expression.split(" || ")
    *comparisons, value = condition.split(" && ")
    event = {"github.event.action": action, "github.event.label.name": label}
    permitted = all(
        event[name] == expected.strip("'") for name, expected in (each.split(" == ") for each in comparisons)
    )
    assert (value if permitted else otherwise).strip("'") == options


def test_the_program_is_installed(tmp_path: Path) -> None:
    for name in ("Makefile", "local/install.sh", "local/requirements.txt", "tests/requirements.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ENVIRONMENTS:
        (tmp_path / name).symlink_to(ROOT / name)  # so that there is nothing to install
    for job in ("preview", "plan"):
        step = steps("preview.yml")[job, "Install what the program needs"]
        done = step.run(tmp_path, dict.fromkeys(step.variables, ""))
        assert (done.returncode, done.stderr) == (0, ""), done.stdout


def write_script(path: Path, source: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{source}")
    path.chmod(0o755)


class TestPreviewStep:
    """With a stand-in for the Pulumi CLI; tests/pulumi runs the step with the CLI itself."""

    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        for name in (".venv", "infra", "handlers", "authorizer"):
            (tmp_path / name).symlink_to(ROOT / name)
        recorded = ROOT / "tests" / "unit" / "infra" / "previews"
        (tmp_path / "previews").symlink_to(recorded)
        write_script(
            tmp_path / "bin" / "pulumi",
            "import pathlib, sys\n"
            "names = {'dev': 'protection_removed', 'prod': 'keys_changed'}\n"
            "stack = sys.argv[sys.argv.index('--stack') + 1]\n"
            "print(pathlib.Path('previews', names[stack] + '.json').read_text())\n",
        )
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
        return tmp_path

    def run(self, folder: Path, stacks: str, options: str = "") -> subprocess.CompletedProcess[str]:
        step = steps("preview.yml")["preview", "Preview the stacks"]
        variables = dict.fromkeys(step.variables, "") | {"STACKS": stacks, "OPTIONS": options, "COMMIT": "0123456789"}
        return step.run(folder, variables, PYTHONDONTWRITEBYTECODE="1")

    def test_it_writes_one_comment_about_all_stacks(self, folder: Path) -> None:
        done = self.run(folder, "dev prod", "--allow-data-loss")
        assert done.returncode == 0, done.stderr
        text = (folder / "preview.md").read_text()
        assert text.startswith(f"{MARKER}\n## Preview of `0123456789`\n\n### `dev`\n")
        assert "### `prod`\n" in text

    def test_it_fails_if_data_would_be_lost_and_still_writes_the_comment(self, folder: Path) -> None:
        done = self.run(folder, "dev prod")
        assert done.returncode == 1
        assert "data would be lost" in done.stderr
        assert "> - replace `aws:dynamodb:Table` `items`: all items" in (folder / "preview.md").read_text()

    def test_it_passes_if_none_would_be_lost(self, folder: Path) -> None:
        assert self.run(folder, "dev").returncode == 0


class TestCommentStep:
    """With a stand-in for `gh api` over a file of comments, which are listed in pages of two."""

    GH = """
import json, pathlib, subprocess, sys

arguments = sys.argv[1:]
assert arguments.pop(0) == "api"
flags = [each for each in ("--paginate", "--silent") if each in arguments]
words = [each for each in arguments if each not in flags]
options = {}
while any(each.startswith("--") for each in words):
    index = next(index for index, each in enumerate(words) if each.startswith("--"))
    options[words[index]] = words[index + 1]
    del words[index : index + 2]
[path] = words
store = pathlib.Path("comments.json")
comments = json.loads(store.read_text())
if options.get("--method", "GET") == "GET":
    assert (path, flags) == ("repos/acme/api/issues/7/comments", ["--paginate"])
    for start in range(0, len(comments), 2):
        page = json.dumps(comments[start : start + 2])
        subprocess.run(["jq", "--raw-output", options["--jq"]], input=page, text=True, check=True)
    sys.exit()
name, _, file = options["--field"].partition("=@")
assert name == "body"
body = pathlib.Path(file).read_text()
if options["--method"] == "POST":
    assert path == "repos/acme/api/issues/7/comments"
    comments.append({"id": 100, "body": body, "user": {"login": "github-actions[bot]"}})
else:
    [comment] = [each for each in comments if path == f"repos/acme/api/issues/comments/{each['id']}"]
    comment["body"] = body
store.write_text(json.dumps(comments))
"""

    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        jq = shutil.which("jq")
        if jq is None:
            pytest.skip("jq not found: `gh api --jq` is tested with it")
        write_script(tmp_path / "bin" / "gh", self.GH)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{Path(jq).parent}:/usr/bin:/bin")
        (tmp_path / "preview.md").write_text(f"{MARKER}\nnew")
        return tmp_path

    def run(self, folder: Path, *comments: dict[str, Any]) -> list[dict[str, Any]]:
        (folder / "comments.json").write_text(json.dumps(comments))
        step = steps("preview.yml")["comment", "Create or update the comment"]
        variables = dict.fromkeys(step.variables, "") | {"NUMBER": "7"}
        done = step.run(folder, variables, GITHUB_REPOSITORY="acme/api")
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads((folder / "comments.json").read_text())

    def comment(self, id_: int, body: str, login: str = "github-actions[bot]") -> dict[str, Any]:
        return {"id": id_, "body": body, "user": {"login": login}}

    def test_the_first_preview_creates_a_comment(self, folder: Path) -> None:
        [_, created] = self.run(folder, self.comment(1, "Nice!", "octocat"))
        assert created == self.comment(100, f"{MARKER}\nnew")

    def test_the_next_one_updates_it(self, folder: Path) -> None:
        others = [self.comment(1, "Nice!", "octocat"), self.comment(2, "Coverage: 90 %"), self.comment(3, "+1", "me")]
        found = self.run(folder, *others, self.comment(4, f"{MARKER}\nold"))
        assert found == [*others, self.comment(4, f"{MARKER}\nnew")]

    def test_a_comment_of_a_person_is_not_overwritten(self, folder: Path) -> None:
        quoted = self.comment(1, f"{MARKER}\nold", "octocat")
        assert self.run(folder, quoted) == [quoted, self.comment(100, f"{MARKER}\nnew")]

    def test_the_step_fails_if_the_comments_cannot_be_listed(self, folder: Path) -> None:
        write_script(folder / "bin" / "gh", "import sys\nsys.exit('gh: Not Found (HTTP 404)')\n")
        step = steps("preview.yml")["comment", "Create or update the comment"]
        done = step.run(folder, dict.fromkeys(step.variables, ""), GITHUB_REPOSITORY="acme/api")
        assert done.returncode == 1
        assert done.stderr == "gh: Not Found (HTTP 404)\n"  # once: nothing else was tried
