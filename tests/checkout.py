"""A copy of the project, for tests that change it or run its commands."""

import shutil
import subprocess
from pathlib import Path

from infra.bundles import BUILD, ROOT

ENVIRONMENTS = (".venv", ".venv-emulator")


def checkout(folder: Path) -> Path:
    """Copy all files that are not ignored by git, and the bundles built so far, and link the environments."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for name in ENVIRONMENTS:
        (folder / name).symlink_to(ROOT / name)
    if BUILD.exists():
        shutil.copytree(BUILD, folder / "build", ignore=shutil.ignore_patterns(".*", "bench", "node"))
    return folder
