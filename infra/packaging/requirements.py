"""The packages that functions need, from hash-pinned wheels: installed once for each target, and cached."""

import hashlib
import inspect
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path

import pulumi

from infra.packaging.bundle_files import FORMAT, compile_files, strip_library, zip_files
from infra.packaging.target import Target

EXCLUDED = (
    "*.dist-info/*", "*.pyi", "*/__pycache__/*", "*/py.typed", "*/requirements.txt", "*/tests/*", "bin/*",
    "cffi/*", "pycparser/*",  # cryptography needs only _cffi_backend at run time
)  # fmt: skip

Transform = Callable[[str, bytes], tuple[str, bytes]]
"""A function that takes the path and content of a package's file and returns those in the bundle."""


def _unchanged(path: str, content: bytes) -> tuple[str, bytes]:
    return path, content


class BundleError(pulumi.RunError):
    """A bundle could not be built; the message says what failed and what to do."""


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """The packages in a requirements file, for a target.

    Files that match `excluded` but not `included` are omitted; `transform` changes the others, and `replaced` has other
    contents by path. With `compiled`, Python files are compiled for the target's interpreter.
    """

    file: Path
    target: Target
    excluded: tuple[str, ...] = ()
    included: tuple[str, ...] = ()
    transform: Transform = _unchanged
    replaced: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    compiled: bool = False

    def digest(self) -> str:
        """Return the hash of all inputs."""
        options = repr((FORMAT, self.target, self.excluded, self.included, self.compiled)).encode()
        transform = inspect.getsource(sys.modules[self.transform.__module__]).encode()
        parts = [options, self.file.read_bytes(), transform]
        parts += [part for path, content in sorted(self.replaced.items()) for part in (path.encode(), content)]
        return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()

    def files(self, folder: Path) -> Mapping[str, bytes]:
        """Return the files by path; `folder` caches them by the hash of all inputs.

        Raises BundleError or CompileError.
        """
        path = folder / f"requirements-{self.digest()[:16]}.zip"
        # An interrupted copy or a full disk can leave a file that is not a zip file.
        if not zipfile.is_zipfile(path):
            self._build(path)
        return _files_in(path, path.stat().st_mtime_ns)

    def _build(self, path: Path) -> None:
        """Write the cache's file, completely or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".requirements-") as folder:
            site = Path(folder) / "site"
            self._install(site)
            files = dict(self.transform(*file) for file in _files_below(site) if self._includes(file[0]))
            files |= self.replaced
            partial = Path(folder) / path.name
            partial.write_bytes(zip_files(compile_files(files, self.target.python) if self.compiled else files))
            shutil.move(partial, path)

    def _includes(self, path: str) -> bool:
        if any(fnmatch(path, pattern) for pattern in self.included):
            return True
        return not any(fnmatch(path, pattern) for pattern in (*EXCLUDED, *self.excluded))

    def _install(self, site: Path) -> None:
        command = [
            sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check",
            "--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes",
            "--target", str(site), "--requirement", str(self.file), *self.target.pip_arguments(),
        ]  # fmt: skip
        environment = {**os.environ, "TMPDIR": str(site.parent)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = next((line for line in reversed(done.stderr.splitlines()) if "ERROR" in line), done.stderr.strip())
            name = self.file.parent.name
            raise BundleError(f"the {name} bundle could not be built: {reason} (is the package index reachable?)")


@lru_cache(maxsize=4)
def _files_in(path: Path, _modified: int) -> Mapping[str, bytes]:
    """Return the files in a zip file; the bundles of one deployment share them."""
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def _files_below(folder: Path) -> Iterable[tuple[str, bytes]]:
    """Return the files below a folder with their paths in it; shared libraries are stripped."""
    return (
        (path.relative_to(folder).as_posix(), strip_library(path.read_bytes()))
        for path in folder.rglob("*")
        if path.is_file()
    )
