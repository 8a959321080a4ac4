"""A clean execution environment: a Python function sees only the runtime, its bundle and Lambda's variables.

AWS: an execution environment has the runtime, the bundle, and the environment variables that Lambda and the function
define. MiniStack runs functions with its own interpreter, including its site-packages and environment variables. A
bundle that lacks a package would work locally, but not in AWS. (The runtime of AWS includes boto3, which is not
available here: a bundle should contain its own.)
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from local.emulator.ministack_internals import WORKERS, Original, internal, patch

if TYPE_CHECKING:
    from collections.abc import Mapping

_INHERITED = ("PATH", "TMPDIR")
_AS_IN_LAMBDA = {"LANG": "en_US.UTF-8", "TZ": ":UTC"}


def apply() -> None:
    """Start Python workers in isolated mode."""
    patch(WORKERS, "_detect_runtime_binary", _detect)
    internal(WORKERS).subprocess = _Isolating()


def _detect(original: Original, runtime: str) -> tuple[str, str]:
    binary, script = original(runtime)
    # The interpreter of a virtual environment would import the environment's packages.
    return (getattr(sys, "_base_executable", binary), script) if runtime.startswith("python") else (binary, script)


class _Isolating:
    """Replaces `subprocess` in the module that starts MiniStack's workers."""

    def __getattr__(self, name: str) -> object:
        return getattr(subprocess, name)

    @staticmethod
    def Popen(command: list[str], *, env: Mapping[str, str], **named: Any) -> subprocess.Popen[str]:  # noqa: N802
        """Start a worker without the emulator's environment variables."""
        if command[-1].endswith(".py"):
            command = [command[0], "-I", "-S", *command[1:]]
        return subprocess.Popen(command, env=_environment(env), **named)


def _environment(proposed: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that MiniStack adds for the function, without those that it inherited itself."""
    added = {name: value for name, value in proposed.items() if os.environ.get(name) != value}
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**_AS_IN_LAMBDA, **inherited, **added}
