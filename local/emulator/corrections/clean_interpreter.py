"""A Python function finds the interpreter, its own bundle and the variables of Lambda, and nothing else.

AWS: an execution environment has the runtime, the bundle, and the environment variables that Lambda and the function
define. MiniStack runs functions with its own interpreter, whose site-packages and environment they see, so a bundle
that lacks a package works here and not in AWS. (AWS's runtime also has boto3; a bundle is expected to bring its own.)
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from local.emulator.ministack_internals import WORKERS, Original, around, reach

if TYPE_CHECKING:
    from collections.abc import Mapping

_INHERITED = ("PATH", "TMPDIR")
_AS_IN_LAMBDA = {"LANG": "en_US.UTF-8", "TZ": ":UTC"}


def apply() -> None:
    """Start Python workers isolated."""
    around(WORKERS, "_detect_runtime_binary", _detect)
    reach(WORKERS).subprocess = _Isolating()


def _detect(original: Original, runtime: str) -> tuple[str, str]:
    binary, script = original(runtime)
    # A virtual environment's interpreter would find the environment's packages.
    return (getattr(sys, "_base_executable", binary), script) if runtime.startswith("python") else (binary, script)


class _Isolating:
    """Stands in for `subprocess` where MiniStack starts its workers."""

    def __getattr__(self, name: str) -> object:
        return getattr(subprocess, name)

    @staticmethod
    def Popen(command: list[str], *, env: Mapping[str, str], **named: Any) -> subprocess.Popen[str]:  # noqa: N802
        """Start a worker with none of the emulator's environment."""
        if command[-1].endswith(".py"):
            command = [command[0], "-I", "-S", *command[1:]]
        return subprocess.Popen(command, env=_environment(env), **named)


def _environment(proposed: Mapping[str, str]) -> dict[str, str]:
    """What MiniStack adds for the function, without what it passes on from itself."""
    added = {name: value for name, value in proposed.items() if os.environ.get(name) != value}
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**_AS_IN_LAMBDA, **inherited, **added}
