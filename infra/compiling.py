"""Python sources into compiled files, so that a Lambda function does not compile them at every cold start.

A compiled file belongs to one minor version of the interpreter, so the target's own is used, and nothing else will do.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pulumi


class CompilingFailed(pulumi.RunError):
    """The files could not be compiled; the message says what to do."""


def compiled(files: Mapping[str, bytes], python: str) -> dict[str, bytes]:
    """The files with each `.py` replaced by its `.pyc`, the same bytes wherever they are compiled.

    `python` is the target's version (`3.13`). Raises CompilingFailed where that interpreter cannot be had.
    """
    interpreter = _interpreter(python)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = [place for place in sorted(files) if place.endswith(".py")]
        for place in sources:
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_bytes(files[place])
        _compile(interpreter, folder)
        made = {f"{place}c": (folder / f"{place}c").read_bytes() for place in sources}
    return {place: content for place, content in files.items() if not place.endswith(".py")} | made


def _compile(interpreter: str, folder: Path) -> None:
    """Compiles in place (`-b`), with neither the folder (`-s`) nor a time (PEP 552) in the files."""
    options = ["-b", "-q", "-s", str(folder), "--invalidation-mode", "unchecked-hash", "-j", "1"]
    command = [interpreter, "-I", "-m", "compileall", *options, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CompilingFailed(f"the bundle's files could not be compiled: {(done.stdout + done.stderr).strip()}")


def _interpreter(python: str) -> str:
    candidates = [sys.executable, shutil.which(f"python{python}")]
    for candidate in candidates:
        if candidate and _version(candidate) == python:
            return candidate
    raise CompilingFailed(
        f"gatehouse:functions.compiledFiles needs Python {python}, the functions' own version, and it is not here; "
        f"install python{python}, or turn the setting off"
    )


def _version(interpreter: str) -> str:
    code = "import sys; print('.'.join(map(str, sys.version_info[:2])))"
    done = subprocess.run([interpreter, "-I", "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip()
