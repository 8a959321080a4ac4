"""The published document passes a linter, Redocly's, with its recommended rules and no warning."""

import os
import subprocess
from pathlib import Path

import pytest

from infra.bundles import ROOT
from tests.node.packages import installed

ENVIRONMENT = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


@pytest.fixture(scope="module")
def linter() -> Path:
    return installed() / "node_modules" / ".bin" / "redocly"


def lint(linter: Path, document: Path) -> subprocess.CompletedProcess[str]:
    command = [str(linter), "lint", "--extends", "recommended-strict", "--format", "stylish", str(document)]
    environment = os.environ | ENVIRONMENT
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_the_published_document_is_clean(linter: Path) -> None:
    done = lint(linter, ROOT / "openapi.json")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_linter_would_say_so_if_it_were_not(linter: Path, tmp_path: Path) -> None:
    changed = tmp_path / "openapi.json"
    changed.write_text((ROOT / "openapi.json").read_text().replace('"oauth2": [', '"unknown": [', 1))
    done = lint(linter, changed)
    assert done.returncode == 1
    assert "security-defined" in done.stdout
