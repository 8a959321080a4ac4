"""The OpenAPI document passes the recommended rules of Redocly's linter and of Spectral, without a warning."""

import os
import subprocess
from pathlib import Path

import pytest

from infra.packaging.bundles import ROOT
from tests.node.packages import HERE, installed

COMMANDS = {
    "redocly": ("lint", "--extends", "recommended-strict", "--format", "stylish"),
    "spectral": ("lint", "--ruleset", str(HERE / "spectral.yaml"), "--fail-severity", "hint"),
}
ENVIRONMENT = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def lint(linter: str, document: Path) -> subprocess.CompletedProcess[str]:
    command = [str(installed() / "node_modules" / ".bin" / linter), *COMMANDS[linter], str(document)]
    environment = os.environ | ENVIRONMENT
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("linter", COMMANDS)
def test_the_document_has_no_errors_and_no_warnings(linter: str) -> None:
    done = lint(linter, ROOT / "openapi.json")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("linter", "correct", "wrong", "rule"),
    [
        ("redocly", '"oauth2": [', '"unknown": [', "security-defined"),
        ("spectral", '"description": "Deletes an item.",', "", "operation-description"),
    ],
)
def test_a_mistake_is_reported(linter: str, correct: str, wrong: str, rule: str, tmp_path: Path) -> None:
    changed = tmp_path / "openapi.json"
    changed.write_text((ROOT / "openapi.json").read_text().replace(correct, wrong, 1))
    done = lint(linter, changed)
    assert done.returncode == 1
    assert rule in done.stdout
