"""The TypeScript client `client.ts`, compiled with the types that openapi-typescript generates from a document."""

import shutil
import subprocess
from pathlib import Path

from tests.node.packages import HERE, installed

TSC_OPTIONS = ("--strict", "--target", "es2022", "--module", "nodenext")


def compile_client(document: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Generate the types and compile the client to `client.js` in the folder."""
    packages = installed() / "node_modules"
    (folder / "node_modules").symlink_to(packages)
    shutil.copy(HERE / "client.ts", folder)
    generated = _run(packages / ".bin" / "openapi-typescript", str(document), "--output", "api.ts", folder=folder)
    assert generated.returncode == 0, generated.stdout + generated.stderr
    return _run(packages / ".bin" / "tsc", *TSC_OPTIONS, "client.ts", folder=folder)


def _run(command: Path, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([command, *arguments], cwd=folder, capture_output=True, text=True, check=False)
