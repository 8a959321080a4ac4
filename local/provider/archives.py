"""Convert Pulumi archives to zip files; the same files give the same bytes on any host."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pulumi

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time in the zip format
_READABLE: Final = 0o100644 << 16


def zip_archive(archive: pulumi.Archive) -> bytes:
    """Return an archive as a zip file with sorted entries, fixed times and modes, and no compression.

    Like Pulumi, return an archive that is a zip file unchanged.

    Raises:
        NotImplementedError: A part of the archive is neither a file, a folder, a zip file nor a text.
        FileNotFoundError: A file of the archive does not exist.
    """
    if isinstance(archive, pulumi.FileArchive) and Path(archive.path).is_file():
        return Path(archive.path).read_bytes()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in sorted(_entries("", archive)):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _READABLE
            entry.create_system = 3  # Unix, on any host
            file.writestr(entry, content)
    return out.getvalue()


def _entries(name: str, part: pulumi.Asset | pulumi.Archive) -> Iterator[tuple[str, bytes]]:
    match part:
        case pulumi.AssetArchive():
            for inner, item in part.assets.items():
                yield from _entries(f"{name}/{inner}" if name else inner, item)
        case pulumi.FileArchive():
            yield from _file_entries(name, Path(part.path))
        case pulumi.FileAsset():
            yield name, Path(part.path).read_bytes()
        case pulumi.StringAsset():
            yield name, part.text.encode()
        case _:
            raise NotImplementedError(f"{name or 'the archive'}: {type(part).__name__} is not supported locally")


def _file_entries(name: str, path: Path) -> Iterator[tuple[str, bytes]]:
    prefix = f"{name}/" if name else ""
    if path.is_dir():
        for file in path.rglob("*"):
            if file.is_file():
                yield prefix + file.relative_to(path).as_posix(), file.read_bytes()
        return
    with zipfile.ZipFile(path) as inner:
        for entry in inner.infolist():
            if not entry.is_dir():
                yield prefix + entry.filename, inner.read(entry)
