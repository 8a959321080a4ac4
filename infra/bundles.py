"""Lambda bundles: zip files that are the same bytes for the same inputs on any host.

Entries are stored without compression, because what DEFLATE gives for the same input depends on the host's zlib. Lambda
takes 50 MB uploaded and 250 MB unzipped (AWS, "Lambda quotas").

A bundle is made once and kept under `build/` by the hash of its inputs: the sources, the hash-pinned requirements, the
data written into it, and the target.
"""

import hashlib
import inspect
import io
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import pulumi

from infra.compiling import compiled
from infra.elf import loadable

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
PYTHON = "3.13"
"""The version of Lambda's Python."""

FORMAT = "3"
"""Part of every hash: raise it when what a bundle is made of changes here."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: the earliest that a zip file can hold."""

LEFT_OUT = (
    "*.dist-info/*", "*.pyi", "*/__pycache__/*", "*/py.typed", "*/requirements.txt", "*/tests/*", "bin/*",
    "cffi/*", "pycparser/*",  # cryptography needs only _cffi_backend at run time
)  # fmt: skip

Rewriting = Callable[[str, bytes], tuple[str, bytes]]

_unbuilt: ContextVar[bool] = ContextVar("unbuilt", default=False)


def _unchanged(place: str, content: bytes) -> tuple[str, bytes]:
    return place, content


class BundleError(pulumi.RunError):
    """A bundle could not be made; the message says what failed and what to do."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a bundle runs: Lambda's architecture and Python, or this host (`host`)."""

    architecture: str
    python: str
    host: bool = False

    @classmethod
    def of(cls, architecture: str) -> "Target":
        """The target of a stack's `architecture` setting."""
        if architecture != "host":
            return cls(architecture=architecture, python=PYTHON)
        machine = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
        return cls(architecture=machine, python=f"{sys.version_info.major}.{sys.version_info.minor}", host=True)

    @property
    def runtime(self) -> str:
        """Lambda's name of the runtime."""
        return f"python{self.python}"

    def pip_arguments(self) -> list[str]:
        """What makes pip choose wheels for the target. Lambda's Amazon Linux 2023 has glibc 2.34."""
        if self.host:
            return []
        machine = "aarch64" if self.architecture == "arm64" else self.architecture
        tags = [f"manylinux_2_{minor}_{machine}" for minor in (34, 28, 17)] + [f"manylinux2014_{machine}"]
        return [
            "--implementation", "cp", "--python-version", self.python,
            *(argument for tag in tags for argument in ("--platform", tag)),
        ]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What goes into a bundle: a package of the project, its requirements, and generated files by their place.

    Of the requirements' files, those that match `left_out` and not `kept` are not in it; `rewritten` tells where and
    how the others are. With `compiled`, Python's files are in it compiled for the target's interpreter, not as sources.
    """

    name: str
    package: Path
    target: Target
    generated: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    left_out: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    rewritten: Rewriting = _unchanged
    compiled: bool = False

    @property
    def requirements(self) -> Path:
        """The package's hash-pinned requirements."""
        return self.package / "requirements.txt"

    def sources(self) -> dict[str, bytes]:
        """The package's own modules, by their place in the bundle, and the generated files."""
        modules = {
            path.relative_to(self.package.parent).as_posix(): path.read_bytes() for path in self.package.rglob("*.py")
        }
        return {**modules, **self.generated}

    def digest(self) -> str:
        """The hash of all inputs."""
        found = hashlib.sha256()
        described = repr((FORMAT, self.name, self.target, self.left_out, self.kept, self.compiled)).encode()
        rewriting = inspect.getsource(sys.modules[self.rewritten.__module__]).encode()
        for part in (described, self.requirements.read_bytes(), rewriting):
            found.update(hashlib.sha256(part).digest())
        for place, content in sorted(self.sources().items()):
            found.update(hashlib.sha256(place.encode()).digest() + hashlib.sha256(content).digest())
        return found.hexdigest()

    def path(self, folder: Path) -> Path:
        """Where the bundle is or will be."""
        return folder / f"{self.name}-{self.digest()[:16]}.zip"

    def includes(self, place: str) -> bool:
        """Whether a file of a requirement belongs into the bundle."""
        if any(fnmatch(place, pattern) for pattern in self.kept):
            return True
        return not any(fnmatch(place, pattern) for pattern in (*LEFT_OUT, *self.left_out))


def archive(bundle: Bundle, folder: Path = BUILD) -> pulumi.FileArchive:
    """The bundle as a Pulumi archive, made unless it is there already. Raises BundleError."""
    path = bundle.path(folder)
    # What is no zip file is what an interrupted copy or a full disk left.
    if not _unbuilt.get() and not zipfile.is_zipfile(path):
        build(bundle, path)
    return pulumi.FileArchive(str(path))


@contextmanager
def unbuilt() -> Generator[None]:
    """Within this, bundles are named but not made: a plan needs neither network nor time for them."""
    token = _unbuilt.set(True)
    try:
        yield
    finally:
        _unbuilt.reset(token)


def build(bundle: Bundle, path: Path) -> None:
    """Makes the bundle's file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{bundle.name}-") as folder:
        site = Path(folder) / "site"
        install(bundle, site)
        files = dict(bundle.rewritten(*file) for file in files_of(site) if bundle.includes(file[0]))
        partial = Path(folder) / path.name
        files |= bundle.sources()
        partial.write_bytes(zipped(compiled(files, bundle.target.python) if bundle.compiled else files))
        shutil.move(partial, path)


def install(bundle: Bundle, site: Path) -> None:
    """Installs the requirements for the target, from wheels whose hashes are pinned."""
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check",
        "--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes",
        "--target", str(site), "--requirement", str(bundle.requirements), *bundle.target.pip_arguments(),
    ]  # fmt: skip
    environment = {**os.environ, "TMPDIR": str(site.parent)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = next((line for line in reversed(done.stderr.splitlines()) if "ERROR" in line), done.stderr.strip())
        raise BundleError(f"the {bundle.name} bundle could not be made: {reason} (is the package index reachable?)")


def files_of(folder: Path) -> Iterable[tuple[str, bytes]]:
    """The files below a folder, by their place in it; shared libraries without their symbols."""
    return (
        (path.relative_to(folder).as_posix(), loadable(path.read_bytes()))
        for path in folder.rglob("*")
        if path.is_file()
    )


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Pack files into a zip file: sorted, with fixed times and modes, stored without compression."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for place in sorted(files):
            entry = zipfile.ZipInfo(place, EPOCH)
            entry.create_system = 3
            entry.external_attr = (0o100755 if ".so" in place else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_STORED
            target.writestr(entry, files[place])
    return out.getvalue()
