"""Every command that reads a stack file reports the same mistakes in the same words."""

from collections.abc import Callable
from pathlib import Path

import pytest

from infra import revoke
from infra.settings import SettingsError
from local import up
from local.deployment import DeploymentError
from local.plan import plan
from tests.checkout import checkout

STACK_FILE = """
config:
  aws:region: us-east-1
  gatehose:logs: INFO
  gatehouse:logLevel: INFO
  gatehouse:logs: {level: LOUD}
  gatehouse:tags: {Name: 3}
  gatehouse:issuers:
    - {name: Main, url: "http://id.example.com", audiences: [a]}
"""

REPORT = """\
6 invalid settings in Pulumi.local.yaml
  gatehose:logs: unknown namespace; allowed: gatehouse, aws, pulumi
  gatehouse:logLevel: unknown setting; now gatehouse:logs.level
  gatehouse:issuers[0].name: must be 1 to 32 lower-case letters, digits and hyphens, starting with a letter \
(found "Main")
  gatehouse:issuers[0].url: must be https, or http to a loopback address, without user information, query or fragment \
(found "http://id.example.com")
  gatehouse:logs.level: must be one of: DEBUG, INFO, WARN, ERROR (found "LOUD")
  gatehouse:tags.Name: must be a string (found 3)"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = checkout(tmp_path_factory.mktemp("project"))
    (folder / "Pulumi.local.yaml").write_text(STACK_FILE)
    return folder


def report_of(command: Callable[[], object]) -> str:
    with pytest.raises((SettingsError, DeploymentError)) as caught:
        command()
    return str(caught.value)


def test_a_plan_reports_all(project: Path) -> None:
    assert report_of(lambda: plan(project, "local")) == REPORT


def test_bringing_a_stack_up_reports_all_before_anything_is_started(project: Path, tmp_path: Path) -> None:
    def start() -> None:
        with up.stack_up(up.Plan(root=project, state=tmp_path), lambda _: None, lambda _: None):
            pass

    assert report_of(start) == REPORT


def test_revoking_reports_all(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert revoke.main(["--stack", "local", "--subject", "ann"], project) == 1
    assert capsys.readouterr().err == f"gatehouse: {REPORT}\n"
