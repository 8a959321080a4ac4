"""Files of a bundle made smaller or faster: compiled Python modules and stripped shared libraries."""

import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pulumi

ELF = b"\x7fELF\x02\x01"
"""The start of a 64-bit, little-endian ELF file: Lambda's two architectures, and Linux on both."""


class CompileError(pulumi.RunError):
    """Files could not be compiled; the message says what to do."""


def compile_files(files: Mapping[str, bytes], python: str) -> dict[str, bytes]:
    """Replace each `.py` file by its `.pyc`, so that a cold start does not compile it; the same bytes on any host.

    A compiled file is only valid for one minor version of Python, the target's: `python` is that version (`3.13`).
    Raises CompileError if its interpreter is not installed.
    """
    interpreter = _interpreter(python)
    sources = [path for path in sorted(files) if path.endswith(".py")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in sources:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(files[path])
        # Next to the sources (-b), without the folder (-s) or a time (PEP 552) in the files.
        options = ["-b", "-q", "-s", str(folder), "--invalidation-mode", "unchecked-hash", "-j", "1"]
        command = [interpreter, "-I", "-m", "compileall", *options, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CompileError(f"the bundle's files could not be compiled: {(done.stdout + done.stderr).strip()}")
        compiled = {f"{path}c": (folder / f"{path}c").read_bytes() for path in sources}
    return {path: content for path, content in files.items() if not path.endswith(".py")} | compiled


def _interpreter(python: str) -> str:
    for candidate in (sys.executable, shutil.which(f"python{python}")):
        if candidate and _version(candidate) == python:
            return candidate
    raise CompileError(
        f"gatehouse:functions.compiledFiles needs Python {python}, the functions' version, which is not installed; "
        f"install python{python}, or disable the setting"
    )


def _version(interpreter: str) -> str:
    code = "import sys; print('.'.join(map(str, sys.version_info[:2])))"
    done = subprocess.run([interpreter, "-I", "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def strip_library(content: bytes) -> bytes:
    """Remove from a shared library what only linkers and debuggers read. Other files are returned unchanged.

    A loader reads the segments that the program header lists; section headers, symbol and string tables come after the
    last of them (System V ABI, "ELF Header" and "Program Header").
    """
    if not content.startswith(ELF):
        return content
    (program_header,) = struct.unpack_from("<Q", content, 32)
    entry_size, entries = struct.unpack_from("<HH", content, 54)
    segments = [_segment_end(content, program_header + index * entry_size) for index in range(entries)]
    stripped = bytearray(content[: max(program_header + entries * entry_size, *segments)])
    struct.pack_into("<Q", stripped, 40, 0)  # where the section headers are
    struct.pack_into("<HH", stripped, 60, 0, 0)  # how many there are, and which one has their names
    return bytes(stripped)


def _segment_end(content: bytes, entry: int) -> int:
    (offset,) = struct.unpack_from("<Q", content, entry + 8)
    (length,) = struct.unpack_from("<Q", content, entry + 32)
    return offset + length
