"""Convert Pulumi archives to zip files; the same files give the same bytes on any host."""

import io
import zipfile
from pathlib import Path
from typing import Final

import pulumi

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time in the zip format
_READABLE: Final = 0o100644 << 16


def zip_archive(archive: pulumi.Archive) -> bytes:
    """Return an archive of files and texts as a zip file with sorted entries, fixed times and modes, uncompressed.

    Like Pulumi, return an archive that is a zip file unchanged.

    Raises:
        NotImplementedError: The archive, or a part of it, is of another kind.
        FileNotFoundError: A file does not exist.
    """
    if isinstance(archive, pulumi.FileArchive) and not Path(archive.path).is_dir():
        return Path(archive.path).read_bytes()
    if not isinstance(archive, pulumi.AssetArchive):
        raise NotImplementedError(f"{type(archive).__name__} is not supported locally: must be a zip file")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, part in sorted(archive.assets.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _READABLE
            entry.create_system = 3  # Unix, on any host
            file.writestr(entry, _content(name, part))
    return out.getvalue()


def _content(name: str, part: pulumi.Asset | pulumi.Archive) -> bytes:
    match part:
        case pulumi.FileAsset():
            return Path(part.path).read_bytes()
        case pulumi.StringAsset():
            return part.text.encode()
        case _:
            raise NotImplementedError(f"{name}: {type(part).__name__} is not supported locally")
