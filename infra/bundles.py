"""Lambda bundles: zip files with the same bytes for the same inputs on any host.

Entries are stored without compression, because the output of DEFLATE depends on the host's zlib. Lambda accepts 50 MB
uploaded and 250 MB unzipped (AWS, "Lambda quotas").

A bundle is built once and cached under `build/` by the hash of its inputs: the sources, the hash-pinned requirements,
the generated files and the target.
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

from infra.bundle_files import compile_files, strip_library

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
PYTHON = "3.13"
"""The version of Lambda's Python."""

FORMAT = "3"
"""Part of every hash: increase it when this module builds different bundles from the same inputs."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: the earliest that a zip file can hold."""

EXCLUDED = (
    "*.dist-info/*", "*.pyi", "*/__pycache__/*", "*/py.typed", "*/requirements.txt", "*/tests/*", "bin/*",
    "cffi/*", "pycparser/*",  # cryptography needs only _cffi_backend at run time
)  # fmt: skip

Transform = Callable[[str, bytes], tuple[str, bytes]]
"""A function that takes the path and content of a requirement's file and returns those in the bundle."""

_skip_builds: ContextVar[bool] = ContextVar("skip_builds", default=False)


def _unchanged(path: str, content: bytes) -> tuple[str, bytes]:
    return path, content


class BundleError(pulumi.RunError):
    """A bundle could not be built; the message says what failed and what to do."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a bundle runs: Lambda's architecture and Python, or this host (`host`)."""

    architecture: str
    python: str
    host: bool = False

    @classmethod
    def of(cls, architecture: str) -> "Target":
        """Return the target for a stack's setting `functions.architecture`."""
        if architecture != "host":
            return cls(architecture=architecture, python=PYTHON)
        machine = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
        return cls(architecture=machine, python=f"{sys.version_info.major}.{sys.version_info.minor}", host=True)

    @property
    def runtime(self) -> str:
        """Lambda's name for the runtime."""
        return f"python{self.python}"

    def pip_arguments(self) -> list[str]:
        """Return the options with which pip chooses wheels for the target. Amazon Linux 2023 has glibc 2.34."""
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
    """The content of a bundle: a package of the project, its requirements, and generated files by their path.

    Files of requirements that match `excluded` but not `included` are omitted; `transform` changes the others. With
    `compiled`, Python files are compiled for the target's interpreter.
    """

    name: str
    package: Path
    target: Target
    generated: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    excluded: tuple[str, ...] = ()
    included: tuple[str, ...] = ()
    transform: Transform = _unchanged
    compiled: bool = False

    @property
    def requirements(self) -> Path:
        """The package's hash-pinned requirements."""
        return self.package / "requirements.txt"

    def sources(self) -> dict[str, bytes]:
        """Return the package's own modules and the generated files, by their path in the bundle."""
        modules = {
            path.relative_to(self.package.parent).as_posix(): path.read_bytes() for path in self.package.rglob("*.py")
        }
        return {**modules, **self.generated}

    def digest(self) -> str:
        """Return the hash of all inputs."""
        options = repr((FORMAT, self.name, self.target, self.excluded, self.included, self.compiled)).encode()
        transform = inspect.getsource(sys.modules[self.transform.__module__]).encode()
        parts = [options, self.requirements.read_bytes(), transform]
        parts += [part for path, content in sorted(self.sources().items()) for part in (path.encode(), content)]
        return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()

    def path(self, folder: Path) -> Path:
        """Return the path of the bundle's file, whether it exists or not."""
        return folder / f"{self.name}-{self.digest()[:16]}.zip"

    def includes(self, path: str) -> bool:
        """Return whether a file of a requirement is in the bundle."""
        if any(fnmatch(path, pattern) for pattern in self.included):
            return True
        return not any(fnmatch(path, pattern) for pattern in (*EXCLUDED, *self.excluded))


def archive(bundle: Bundle, folder: Path = BUILD) -> pulumi.FileArchive:
    """Return the bundle as a Pulumi archive, and build it unless it is cached. Raises BundleError or CompileError."""
    path = bundle.path(folder)
    # An interrupted copy or a full disk can leave a file that is not a zip file.
    if not _skip_builds.get() and not zipfile.is_zipfile(path):
        build(bundle, path)
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
        site = Path(folder) / "site"
        install(bundle, site)
        files = dict(bundle.transform(*file) for file in files_of(site) if bundle.includes(file[0]))
        files |= bundle.sources()
        partial = Path(folder) / path.name
        partial.write_bytes(zip_files(compile_files(files, bundle.target.python) if bundle.compiled else files))
        shutil.move(partial, path)


def install(bundle: Bundle, site: Path) -> None:
    """Install the requirements for the target, from wheels with pinned hashes. Raises BundleError."""
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check",
        "--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes",
        "--target", str(site), "--requirement", str(bundle.requirements), *bundle.target.pip_arguments(),
    ]  # fmt: skip
    environment = {**os.environ, "TMPDIR": str(site.parent)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = next((line for line in reversed(done.stderr.splitlines()) if "ERROR" in line), done.stderr.strip())
        raise BundleError(f"the {bundle.name} bundle could not be built: {reason} (is the package index reachable?)")


def files_of(folder: Path) -> Iterable[tuple[str, bytes]]:
    """Return the files below a folder with their paths in it; shared libraries are stripped."""
    return (
        (path.relative_to(folder).as_posix(), strip_library(path.read_bytes()))
        for path in folder.rglob("*")
        if path.is_file()
    )


def zip_files(files: Mapping[str, bytes]) -> bytes:
    """Return a zip file of these files: sorted, with fixed times and modes, stored without compression."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.create_system = 3
            entry.external_attr = (0o100755 if ".so" in path else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_STORED
            target.writestr(entry, files[path])
    return out.getvalue()
