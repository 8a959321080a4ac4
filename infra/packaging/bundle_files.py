"""Files of a bundle made smaller or faster (compiled modules, stripped libraries), and the zip file that holds them."""

import io
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pulumi

FORMAT = "4"
"""Part of every hash: increase it when bundles are built differently from the same inputs."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: the earliest that a zip file can hold."""

ELF = b"\x7fELF\x02\x01"
"""The start of a 64-bit, little-endian ELF file: Lambda's two architectures, and Linux on both."""


_compiled: dict[tuple[str, bytes, str], bytes] = {}
"""Compiled files by path, source and version of Python: most bundles of a deployment have the same modules."""


class CompileError(pulumi.RunError):
    """Files could not be compiled; the message says what to do."""


def compile_files(files: Mapping[str, bytes], python: str) -> dict[str, bytes]:
    """Replace each `.py` file by its `.pyc`, so that a cold start does not compile it; the same bytes on any host.

    A compiled file is only valid for one minor version of Python, the target's: `python` is that version (`3.13`).
    Raises CompileError if its interpreter is not installed.
    """
    missing = {path: content for path, content in files.items() if (path, content, python) not in _compiled}
    sources = {path: content for path, content in missing.items() if path.endswith(".py")}
    if sources:
        compiled = _compile(sources, _interpreter(python))
        _compiled.update({(path, content, python): compiled[path] for path, content in sources.items()})
    return {
        f"{path}c" if path.endswith(".py") else path: _compiled.get((path, content, python), content)
        for path, content in files.items()
    }


def _compile(sources: Mapping[str, bytes], interpreter: str) -> dict[str, bytes]:
    """Return the compiled file of each source, by the source's path. Raises CompileError."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, content in sources.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        # Next to the sources (-b), without the folder (-s) or a time (PEP 552) in the files.
        options = ["-b", "-q", "-s", str(folder), "--invalidation-mode", "unchecked-hash", "-j", "1"]
        command = [interpreter, "-I", "-m", "compileall", *options, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CompileError(f"the bundle's files could not be compiled: {(done.stdout + done.stderr).strip()}")
        return {path: (folder / f"{path}c").read_bytes() for path in sources}


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


def zip_files(files: Mapping[str, bytes]) -> bytes:
    """Return a zip file of these files: sorted, with fixed times and modes.

    Entries are stored without compression, because the output of DEFLATE depends on the host's zlib.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.create_system = 3
            entry.external_attr = (0o100755 if ".so" in path else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_STORED
            target.writestr(entry, files[path])
    return out.getvalue()
