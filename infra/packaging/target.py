"""Where a bundle runs: the architecture and the Python of Lambda, or this host."""

import platform
import sys
from dataclasses import dataclass

RUNTIME = "python3.13"
"""Lambda's name for the runtime of a function without a setting."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a bundle runs: Lambda's architecture and Python (`3.13`), or this host (`host`)."""

    architecture: str
    python: str
    host: bool = False

    @classmethod
    def of(cls, architecture: str, runtime: str = RUNTIME) -> "Target":
        """Return the target for the settings `functions.architecture` and `functions.runtime`.

        The host has its own version of Python, whatever the runtime.
        """
        if architecture != "host":
            return cls(architecture=architecture, python=runtime.removeprefix("python"))
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
