"""`python -m local plan --against REF` in a repository: the plan of the working folder compared with a commit's."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkout import checkout, replace
from tests.workflow import steps

ENVIRONMENT = {
    "HTTPS_PROXY": "http://127.0.0.1:9",  # neither program uses the network
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "PATH": os.environ["PATH"],
    "PYTHONDONTWRITEBYTECODE": "1",
}


def git(repository: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    subprocess.run(["git", *identity, *arguments], cwd=repository, env=ENVIRONMENT, check=True, capture_output=True)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    repository = tmp_path_factory.mktemp("against")
    checkout(repository)
    git(repository, "init", "--quiet")
    (repository / ".git" / "info" / "exclude").write_text(".venv*\n")  # links here
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "The project as it is")
    git(repository, "tag", "base")
    return repository


@pytest.fixture
def repository(shared: Path) -> Iterator[Path]:
    yield shared
    git(shared, "reset", "--quiet", "--hard", "base")
    git(shared, "clean", "--quiet", "--force", "-d")


def run(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local", "plan", *arguments],
        cwd=repository, env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_commit_does_not_differ_from_itself(repository: Path) -> None:
    done = run(repository, "--against", "HEAD", "--stack", "prod")
    assert (done.returncode, done.stdout, done.stderr) == (0, "no changes\n", "")


def test_a_setting_and_the_code_of_a_handler_update_functions(repository: Path) -> None:
    replace(repository / "Pulumi.prod.yaml", "memory: 1024", "memory: 2048")
    replace(repository / "handlers" / "read.py", '"""', '"""Changed. ')
    git(repository, "commit", "--quiet", "--all", "--message", "Change a setting and a handler")
    done = run(repository, "--against", "HEAD^", "--stack", "prod")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "19 to update"
    assert lines.count("     memorySize: 1024 → 2048") == 4  # the authorizer, and the handlers of each collection
    assert [line.split(": ")[0] for line in lines if " → " in line].count("     code") == 3


def test_a_removed_collection_and_changed_keys_lose_data(repository: Path) -> None:
    (repository / "handlers" / "contract" / "collections" / "events.py").unlink()
    replace(repository / "handlers" / "contract" / "keys.py", 'KEY = "owner"', 'KEY = "owner_key"')
    done = run(repository, "--against", "base", "--stack", "prod")
    assert done.returncode == 1
    assert done.stderr == "gatehouse: data would be lost; if that is intended, pass --allow-data-loss\n"
    lost = [line for line in done.stdout.splitlines() if line.startswith("data would be lost: ")]
    assert "data would be lost: delete aws:dynamodb:Table events: all items" in lost
    assert sum("replace aws:dynamodb:Table" in line for line in lost) == 2
    allowed = run(repository, "--against", "base", "--stack", "prod", "--markdown", "--allow-data-loss")
    assert allowed.returncode == 0
    assert allowed.stdout.startswith("### `prod`: plan compared with `base`\n\n**3 to replace, "), (
        "two tables, and the selection of backups"
    )
    assert "> - delete `aws:dynamodb:Table` `events`: all items\n" in allowed.stdout


def test_a_stack_that_the_other_commit_does_not_have_is_created(repository: Path) -> None:
    shutil.copy(repository / "Pulumi.dev.yaml", repository / "Pulumi.test.yaml")
    done = run(repository, "--against", "HEAD", "--stack", "test")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith(" to create")
    assert "delete" not in done.stdout.splitlines()[-1]


def test_overrides_apply_to_both_programs(repository: Path) -> None:
    done = run(repository, "--against", "HEAD", "--stack", "dev", "--set", "functions.memory=2048")
    assert (done.returncode, done.stdout) == (0, "no changes\n"), done.stderr


def test_a_commit_whose_program_fails_is_an_error_that_names_other_requirements(repository: Path) -> None:
    main, working = repository / "__main__.py", (repository / "__main__.py").read_text()
    main.write_text("import a_package_that_is_not_installed\n")
    (repository / "local" / "requirements.txt").write_text("a-package-that-is-not-installed==1\n")
    git(repository, "commit", "--quiet", "--all", "--message", "Need another package")
    main.write_text(working)
    git(repository, "checkout", "--quiet", "base", "--", "local/requirements.txt")
    done = run(repository, "--against", "HEAD", "--stack", "dev")
    assert done.returncode == 1
    assert done.stderr.startswith(
        "gatehouse: the program of HEAD failed (it needs other packages; those of the present commit are installed):\n"
    )
    assert "a_package_that_is_not_installed" in done.stderr


def test_a_commit_with_a_link_to_another_folder_is_an_error(repository: Path) -> None:
    (repository / "link").symlink_to("/etc")
    git(repository, "add", "link")
    git(repository, "commit", "--quiet", "--message", "Add a link")
    done = run(repository, "--against", "HEAD", "--stack", "dev")
    assert done.returncode == 1
    assert done.stderr.startswith("gatehouse: cannot write the files of the commit 'HEAD': ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--against", "nowhere"),
            "cannot read the commit 'nowhere': no such commit, branch or tag here; try `git fetch`",
        ),
        (("--against=--help",), "cannot read the commit '--help'"),
        (("--markdown",), "--markdown and --allow-data-loss need --against"),
        (("--against", "HEAD", "--json"), "argument --json: not allowed with argument --against"),
    ],
)
def test_invalid_arguments_are_one_line(repository: Path, arguments: tuple[str, ...], message: str) -> None:
    done = run(repository, *arguments)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith(f"gatehouse: {message}")
    assert len(done.stderr.splitlines()) == 1


def test_the_workflow_compares_the_plans_of_all_stacks(repository: Path, tmp_path: Path) -> None:
    replace(repository / "handlers" / "contract" / "keys.py", 'KEY = "owner"', 'KEY = "owner_key"')
    git(repository, "commit", "--quiet", "--all", "--message", "Change the keys")
    step, summary = steps("preview.yml")["plan", "Compare the plans"], tmp_path / "summary.md"
    variables = {"STACKS": "infra/account:main dev prod", "OPTIONS": ""}
    done = step.run(repository, variables, GITHUB_STEP_SUMMARY=str(summary), PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 1
    assert done.stderr.count("data would be lost") == 2  # the second stack is compared although the first failed
    assert [line for line in summary.read_text().splitlines() if line.startswith("#")] == [
        "### `dev`: plan compared with `HEAD^`",
        "### `prod`: plan compared with `HEAD^`",
    ]


def test_a_resource_that_is_renamed_with_an_alias_is_the_same(repository: Path) -> None:
    table = repository / "infra" / "data" / "table.py"
    replace(table, "aws.dynamodb.Table(\n            name,", 'aws.dynamodb.Table(\n            f"{name}-table",')
    done = run(repository, "--against", "HEAD", "--stack", "prod")
    assert done.stdout.splitlines()[-1].startswith(
        "data would be lost: delete aws:dynamodb:Table authorizer-revocations, events, items, users"
    )
    replace(table, "protect=settings.protect,", "protect=settings.protect, aliases=[pulumi.Alias(name=name)],")
    done = run(repository, "--against", "HEAD", "--stack", "prod")
    assert (done.returncode, done.stdout, done.stderr) == (0, "no changes\n", "")
