"""Amazon's DynamoDB Local, downloaded by Maven into `build/dynamodb`, or found in the folder that DYNAMODB_LOCAL names.

It is not part of the project: its license agreement requires an AWS account and does not permit redistribution.
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from infra.packaging.bundles import BUILD

FOLDER = "DYNAMODB_LOCAL"
"""The variable with the folder of an installation; if it is set and empty, the tests are skipped."""

JAVA = range(17, 24)
"""The versions of Java that can run it and restrict it to loopback (JEP 486 removed that)."""

LICENSE = "Amazon's license agreement applies, and requires an AWS account"
CHECKSUM = "1bed966b5eb504444fb6bc9a3d35bf415cde726bc89a0a6505570d985ebed5c9"
"""SHA-256 of the lines that `sha256sum *` prints in the folder of a download."""

_POM = Path(__file__).with_name("pom.xml")
_DOWNLOAD = (
    "mvn",
    "--batch-mode",
    "--quiet",
    "--strict-checksums",
    "-Dstyle.color=never",
    "dependency:copy-dependencies",
)


def installed() -> Path:
    """Return the folder with DynamoDB Local and its libraries. Skips the test if it or Java is missing."""
    given = os.environ.get(FOLDER)
    if given == "":
        pytest.skip(f"DynamoDB Local is disabled: {FOLDER} is empty")
    _require_java()
    if given:
        folder = Path(given)
        assert list(folder.glob("DynamoDBLocal*.jar")), f"{FOLDER}: {folder} does not contain DynamoDBLocal.jar"
        return folder
    return _downloaded()


def _require_java() -> None:
    if shutil.which("java") is None:
        pytest.skip("java not found: DynamoDB Local needs Java 17")
    printed = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
    version = re.search(r'version "(\d+)', printed)
    if version is None or int(version[1]) not in JAVA:
        found = printed.partition("\n")[0]
        pytest.skip(f"DynamoDB Local needs Java {JAVA[0]} to {JAVA[-1]} to be restricted to loopback; found {found}")


def _downloaded() -> Path:
    """Return the folder of the download. It is atomic, even if several test runs download at the same time."""
    folder = BUILD / "dynamodb" / hashlib.sha256(_POM.read_bytes()).hexdigest()[:16]
    if folder.exists():
        return folder
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip(f"Maven's DynamoDB Local is for x86_64 only; set {FOLDER} to the folder of Amazon's download")
    if shutil.which("mvn") is None:
        pytest.skip(f"mvn not found: it downloads DynamoDB Local, unless {FOLDER} is set ({LICENSE})")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=folder.parent) as made:
        command = [*_DOWNLOAD, f"--file={_POM}", f"-DoutputDirectory={made}/ready"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            pytest.skip(f"DynamoDB Local cannot be downloaded: {done.stdout.strip().partition(chr(10))[0]}")
        ready = Path(made) / "ready"
        assert _checksum(ready) == CHECKSUM, f"{ready} has the checksum {_checksum(ready)}"
        try:
            ready.rename(folder)
        except OSError:
            if not folder.exists():
                raise
    return folder


def _checksum(folder: Path) -> str:
    """Return the checksum of the names and contents of a folder's files."""
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(folder.iterdir())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
