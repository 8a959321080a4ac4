"""Every command that reads a stack file reports the same mistakes in the same words."""

from collections.abc import Callable
from pathlib import Path

import pytest

from infra import revoke
from infra.stack_file import ENCRYPTED, SettingsError
from local.engine import DeploymentError
from local.plans.plan import plan
from local.running_stack import StackOptions, running_stack
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
        with running_stack(StackOptions(root=project, state=tmp_path), lambda _: None, lambda _: None):
            pass

    assert report_of(start) == REPORT


def test_revoking_does_not_need_encrypted_values_of_other_settings(project: Path) -> None:
    file = project / "Pulumi.encrypted.yaml"
    text = (project / "Pulumi.prod.yaml").read_text()
    file.write_text(text.replace("environment: prod", "environment: {secure: AAAB}") + "encryptionsalt: v1:x\n")
    assert revoke.DeployedStack.read(project, "encrypted").settings.tags == {"environment": ENCRYPTED}
    file.write_text(text.replace("aws:region: us-east-1", "aws:region: us-east-1\n  aws:profile: {secure: AAAB}"))
    with pytest.raises(SettingsError, match="aws:profile: is encrypted, and not decrypted here; pass --config aws:pr"):
        revoke.DeployedStack.read(project, "encrypted")


def test_revoking_in_the_local_stack_names_the_command_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert revoke.main(["--stack", "local", "--subject", "ann"]) == 1
    expected = "gatehouse: stack local runs on this machine; use `python -m local revoke`\n"
    assert capsys.readouterr().err == expected


def test_revoking_reports_all(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert revoke.main(["--stack", "local", "--subject", "ann"], project) == 1
    assert capsys.readouterr().err == f"gatehouse: {REPORT}\n"
