"""The npm packages of the tests, installed from the lock file into `build/node`."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.packaging.bundles import BUILD

HERE = Path(__file__).parent
NEEDED = (20, 12)
"""The oldest version of Node.js that the packages support, as in package.json."""

_INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def installed() -> Path:
    """Return the folder with the packages' `node_modules`. Skips the test if Node.js or npm is missing or too old.

    The installation is atomic, even if several test runs install at the same time.
    """
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not found: this test needs Node.js {'.'.join(map(str, NEEDED))} or later")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if tuple(int(part) for part in version.lstrip("v").split(".")[:2]) < NEEDED:
        pytest.skip(f"Node.js {version} is too old: this test needs {'.'.join(map(str, NEEDED))} or later")
    described = [(HERE / name).read_bytes() for name in ("package.json", "package-lock.json", ".npmrc")]
    folder = BUILD / "node" / hashlib.sha256(b"\0".join([version.encode(), *described])).hexdigest()[:16]
    if not folder.exists():
        _install(folder)
    return folder


def _install(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=folder.parent) as made:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(HERE / name, made)
        done = subprocess.run(_INSTALL, cwd=made, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, f"{' '.join(_INSTALL)} failed:\n{done.stderr}"
        ready = Path(made) / "ready"
        ready.mkdir()
        for name in ("package.json", "node_modules"):
            (Path(made) / name).rename(ready / name)
        try:
            ready.rename(folder)
        except OSError:
            if not folder.exists():
                raise


@contextmanager
def running(script: str, log: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run a script of this folder, which communicates over its standard streams, until the context ends.

    Its standard error is written to the log.
    """
    folder = installed()
    with log.open("wb") as errors:
        process = subprocess.Popen(
            ["node", str(HERE / script)],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "NODE_ENV": "production", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
