"""Lambda bundles: zip files with the same bytes for the same inputs on any host.

A bundle is built once and cached under
`build/` by the hash of its inputs: the modules and data, the requirements and the target.
"""

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import pulumi

from infra.packaging.bundle_files import FORMAT, compile_files, zip_files
from infra.packaging.requirements import BundleError, Requirements
from infra.packaging.target import Target

__all__ = ["BUILD", "ROOT", "Bundle", "BundleError", "Target", "archive", "build", "modules_of", "without_building"]

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"

MAX_BYTES = 50 * 2**20
"""What Lambda accepts as an upload (AWS, "Lambda quotas").

Bundles are not compressed and a function has one layer at most, so that the files of a function have less than the
250 MB that Lambda allows unzipped.
"""

_skip_builds: ContextVar[bool] = ContextVar("skip_builds", default=False)


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """The content of a bundle: files of the project by their path, and the packages that they need.

    `root` is the folder of all files in the zip file. With `compiled`, Python files are compiled for the target's
    interpreter.
    """

    name: str
    target: Target
    files: Mapping[str, bytes]
    requirements: Requirements | None
    root: str = ""
    compiled: bool = False

    def digest(self) -> str:
        """Return the hash of all inputs."""
        requirements = self.requirements.digest() if self.requirements else ""
        options = repr((FORMAT, self.name, self.target, self.root, self.compiled, requirements)).encode()
        parts = [options, *(part for path, content in sorted(self.files.items()) for part in (path.encode(), content))]
        return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()

    def path(self, folder: Path) -> Path:
        """Return the path of the bundle's file, whether it exists or not."""
        return folder / f"{self.name}-{self.digest()[:16]}.zip"

    def content(self, folder: Path) -> dict[str, bytes]:
        """Return all files of the bundle by path; `folder` caches packages. Raises BundleError or CompileError."""
        files = compile_files(self.files, self.target.python) if self.compiled else self.files
        if self.requirements:
            files = {**self.requirements.files(folder), **files}
        return {f"{self.root}{path}": content for path, content in files.items()}


def modules_of(package: Path) -> dict[str, bytes]:
    """Return the modules of a package of the project by their path in a bundle."""
    return {path.relative_to(package.parent).as_posix(): path.read_bytes() for path in package.rglob("*.py")}


def archive(bundle: Bundle, folder: Path = BUILD) -> pulumi.FileArchive:
    """Return the bundle as a Pulumi archive, and build it unless it is cached. Raises BundleError or CompileError."""
    path = bundle.path(folder)
    # An interrupted copy or a full disk can leave a file that is not a zip file.
    if not _skip_builds.get() and not zipfile.is_zipfile(path):
        build(bundle, path)
    if path.exists() and path.stat().st_size > MAX_BYTES:
        size = path.stat().st_size
        raise BundleError(
            f"the {bundle.name} bundle has {size:,} bytes, {size - MAX_BYTES:,} more than Lambda accepts: "
            "use fewer or smaller packages"
        )
    return pulumi.FileArchive(str(path))


@contextmanager
def without_building() -> Generator[None]:
    """Within this context, bundles have paths but are not built, so that a plan needs no network."""
    token = _skip_builds.set(True)
    try:
        yield
    finally:
        _skip_builds.reset(token)


def build(bundle: Bundle, path: Path) -> None:
    """Build the bundle's file, completely or not at all. Raises BundleError or CompileError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{bundle.name}-") as folder:
        partial = Path(folder) / path.name
        partial.write_bytes(zip_files(bundle.content(path.parent)))
        shutil.move(partial, path)
