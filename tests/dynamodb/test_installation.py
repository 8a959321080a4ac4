"""DynamoDB Local is found, or the tests that need it are skipped with a reason."""

from pathlib import Path

import pytest

from tests.dynamodb import installation
from tests.dynamodb.installation import FOLDER, installed


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, with Java 17; nothing is downloaded yet."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(installation, "BUILD", tmp_path / "build")
    monkeypatch.setattr(installation.platform, "machine", lambda: "x86_64")
    monkeypatch.delenv(FOLDER, raising=False)
    add(folder, "java", """echo 'openjdk version "17.0.15" 2025-04-15' >&2""")
    return folder


def add(folder: Path, name: str, script: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def reason() -> str:
    with pytest.raises(pytest.skip.Exception) as skipped:
        installed()
    return str(skipped.value)


def test_a_folder_is_used_as_it_is(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    with pytest.raises(AssertionError, match=r"does not contain DynamoDBLocal\.jar"):
        installed()
    (tmp_path / "DynamoDBLocal.jar").touch()
    assert installed() == tmp_path


def test_an_empty_variable_disables_it(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, "")
    assert reason() == "DynamoDB Local is disabled: DYNAMODB_LOCAL is empty"


def test_without_java_it_is_skipped(programs: Path) -> None:
    (programs / "java").unlink()
    assert reason() == "java not found: DynamoDB Local needs Java 17"


@pytest.mark.parametrize("version", ['openjdk version "11.0.2"', 'java version "1.8.0_392"', 'openjdk version "24"'])
def test_with_another_version_of_java_it_is_skipped(programs: Path, version: str) -> None:
    add(programs, "java", f"echo '{version}' >&2")
    assert reason().endswith(f"Java 17 to 23 to be restricted to loopback; found {version}")


def test_without_maven_it_is_skipped(programs: Path) -> None:
    assert reason().startswith("mvn not found: it downloads DynamoDB Local, unless DYNAMODB_LOCAL is set")


def test_a_failed_download_is_a_reason_to_skip(programs: Path) -> None:
    add(programs, "mvn", "echo '[ERROR] the repository cannot be reached'; exit 1")
    assert reason() == "DynamoDB Local cannot be downloaded: [ERROR] the repository cannot be reached"


def test_a_download_with_other_contents_is_rejected(programs: Path) -> None:
    script = 'for option; do folder="${option#-DoutputDirectory=}"; done; /bin/mkdir "$folder"; echo > "$folder/a.jar"'
    add(programs, "mvn", script)
    with pytest.raises(AssertionError, match=r"has the checksum [0-9a-f]{64}"):
        installed()
