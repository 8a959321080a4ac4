"""The shell commands of the documentation: run against the running stack, run by themselves, or at least parsed."""

import re
import shlex
import subprocess
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

import pytest

import infra.branches
import infra.preview
import infra.restore.command
import infra.revoke
import local.cli
from infra.packaging.bundles import ROOT
from tests.docs.pages import PAGES, Block, blocks, inline_code

SESSIONS = {"session", "walkthrough"}
"""Labels of the blocks that run in a shell against the running stack."""

NOT_RUN = {
    "make local": "runs until it is stopped; tests/docs/conftest.py starts the same stack detached",
    "make test": "would run this test again",
    "make quick": "would run tests again",
    "make check": "installs packages, and CI runs it",
    "make program": "installs packages, as every other target does",
    "make docs": "installs packages, and CI runs it",
    "make openapi": "`make check` compares what it would write",
    "make settings": "`make check` compares what it would write",
    "make diagram": "tests/graph/test_diagram.py compares what it would write",
    "python -m tests.docs.cost_tables": "tests/docs/test_cost.py compares what it would write",
    "make clean": "removes the environment of the tests",
    "pulumi": "the Pulumi CLI is not a Python package, and the commands need an AWS account",
    ".venv/bin/python -m infra.restore": "needs a deployed stack; tests/e2e/test_restore.py restores in the emulator",
    "aws dynamodb": "needs an AWS account; tests/unit/infra/restores makes the same call",
    ".venv/bin/python -m infra.revoke": "needs a deployed stack; tests/e2e/test_revocation.py revokes in the emulator",
    ".venv/bin/python -m infra.preview": "needs deployed stacks; tests/pulumi/test_pull_requests.py runs it",
    ".venv/bin/python -m local plan --against": "needs another commit; tests/graph/test_against.py runs it",
    "aws cognito-idp": "needs an AWS account; tests/e2e/test_user_pool.py makes the same calls",
    "aws apigateway": "needs an AWS account; tests/e2e/test_requests.py makes the same calls",
    "aws iam": "needs an AWS account; tests/e2e/provider/test_account.py makes the same call",
    "gh label create": "needs a repository on GitHub",
    "git checkout": "changes the files that are tested",
    ".venv/bin/python -m local up": "runs until it is stopped; tests/e2e/test_usage_plans.py starts the same",
    ".venv/bin/openapi-python-client": "tests/e2e/test_generated_client.py generates the client",
}
"""Commands that no test of this folder runs, each with the reason. Their targets and options are checked."""

PULUMI = {
    "install": set[str](),
    "preview": {"--stack", "--diff"},
    "up": {"--stack", "--config", "--config-file", "--refresh"},
    "refresh": {"--stack"},
    "destroy": {"--stack", "--config-file"},
    "stack init": {"--secrets-provider"},
    "stack rm": set[str](),
    "stack output": {"--stack", "--show-secrets"},
    "stack export": {"--stack", "--file"},
    "stack import": {"--stack", "--file"},
    "config set": {"--secret"},
    "stack change-secrets-provider": {"--stack"},
    "login": {"--local"},
}
"""The commands and options of the Pulumi CLI that the documentation uses, as its reference has them."""

MODULES = {
    "local": local.cli.main,
    "infra.branches": infra.branches.main,
    "infra.preview": infra.preview.main,
    "infra.restore": infra.restore.command.main,
    "infra.revoke": infra.revoke.main,
}
"""The commands in Python, each with its entry point."""


def commands(block: Block) -> list[str]:
    """Return the commands of a block, without comments."""
    joined = block.text.replace("\\\n", " ")
    lines = [line.partition(" #")[0].strip() for line in joined.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def documented() -> list[str]:
    """Return every command that is not part of a session, each once."""
    plain = [block for block in blocks("sh") if block.kind not in SESSIONS]
    return list(dict.fromkeys(command for block in plain for command in commands(block)))


@cache
def help_of(module: str, *subcommand: str) -> str:
    with redirect_stdout(StringIO()) as output, pytest.raises(SystemExit):
        MODULES[module]([*subcommand, "--help"])
    return output.getvalue()


def require_known(command: str) -> None:
    """Check the target, subcommand and options of a command."""
    words = shlex.split(command, comments=True)
    options = set(re.findall(r"--[a-z][a-z-]*", command))
    match words:
        case ["make", target, *_]:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), command
        case [".venv/bin/python" | "python", "-m", module, *rest] if module in MODULES:
            subcommand = rest[:1] if module == "local" and rest else []
            known = set(re.findall(r"--[a-z][a-z-]*", help_of(module, *subcommand)))
            assert options <= known, f"{command}: {options - known}"
        case ["pulumi", *rest]:
            if rest[0] == "-C":
                assert (ROOT / rest[1] / "__main__.py").exists(), command
                rest = rest[2:]
            name = " ".join(rest[:2]) if rest[0] in ("stack", "config") else rest[0]
            assert options <= PULUMI[name], command
        case _:
            assert command.startswith(tuple(NOT_RUN)), command


@pytest.mark.parametrize("command", documented())
def test_a_command_exists_and_has_its_options(command: str) -> None:
    require_known(command)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_text_exist_and_have_their_options(page: Path) -> None:
    for code in inline_code(page):
        if code.startswith(("make ", "python -m ", "pulumi ")):
            require_known(re.sub(r"[\[\]()|…]", " ", code).replace("<stack>", "dev").replace("'", ""))


@pytest.mark.parametrize("command", [each for each in documented() if not each.startswith(tuple(NOT_RUN))])
def test_a_command_succeeds(command: str) -> None:
    python, _, module, *arguments = shlex.split(command)
    assert python == ".venv/bin/python"  # a reader may have no other Python with these packages
    with redirect_stdout(StringIO()) as output:
        assert MODULES[module](arguments) == 0
    assert output.getvalue()


@pytest.mark.parametrize("block", [each for each in blocks("sh") if each.kind in SESSIONS], ids=str)
def test_a_session_gets_the_responses_that_it_names(block: Block, running: Path) -> None:
    expected = re.findall(r"# ([1-5][0-9]{2})$", block.text, re.MULTILINE)
    if block.kind == "walkthrough":
        table = block.page.read_text().partition("<!-- answers -->\n")[2].partition("\n\n")[0]
        expected = re.findall(r"\| ([1-5][0-9]{2})\b", table)
        assert expected == ["201", "200", "400", "401", "403"]
    assert expected
    done = subprocess.run(
        ["bash", "-euc", block.text], cwd=running, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    # A response without a body ends with an empty line, one with a body may lack the line's end.
    assert re.findall(r"HTTP/1\.1 (\d+)", done.stdout) == expected
