"""A copy of the project, for tests that change it or run its commands."""

import shutil
import subprocess
from pathlib import Path

from infra.packaging.bundles import BUILD, ROOT

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
    (folder / "build").mkdir()
    for bundle in BUILD.glob("*.zip"):
        shutil.copy(bundle, folder / "build")
    return folder


COLLECTION = '''"""Generated for a test of many collections."""

from typing import Annotated

from msgspec import Meta

from handlers.contract.collection import Collection, Model


class {model}(Model):
    """The fields that a client may write."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    amount: Annotated[int, Meta(ge=0)] = 0


COLLECTION = Collection(name="{name}", model={model}, example={{"name": "a", "amount": 3}})
'''


def with_collections(folder: Path, number: int) -> list[str]:
    """Add collections to a copy of the project until there are so many, and return the names of all."""
    modules = folder / "handlers" / "contract" / "collections"
    shipped = [path.stem for path in modules.glob("*.py") if path.stem != "__init__"]
    added = [f"things{each:03}" for each in range(number - len(shipped))]
    for name in added:
        (modules / f"{name}.py").write_text(COLLECTION.format(name=name, model=name.capitalize()))
    return sorted([*shipped, *added])


def replace(file: Path, old: str, new: str) -> None:
    """Replace a text in a file, which must be there."""
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
