"""Zip files are reproducible."""

from __future__ import annotations

import io
import os
import zipfile
from typing import TYPE_CHECKING

import pulumi
import pytest

from local.provider.archives import zip_archive

if TYPE_CHECKING:
    from pathlib import Path


def entries(archive: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        assert file.testzip() is None
        return {entry.filename: file.read(entry).decode() for entry in file.infolist()}


def files(root: Path, order: list[str]) -> pulumi.AssetArchive:
    """Return an archive of files that are written in this order."""
    root.mkdir()
    for name in order:
        (root / name).write_text(f"content of {name}")
    return pulumi.AssetArchive({f"a/{name}": pulumi.FileAsset(str(root / name)) for name in order})


def test_equal_files_give_equal_bytes_regardless_of_their_times_and_order(tmp_path: Path) -> None:
    first, second = files(tmp_path / "first", ["z", "c", "b"]), files(tmp_path / "second", ["c", "b", "z"])
    os.utime(tmp_path / "second" / "b", (1_000_000_000, 1_000_000_000))
    (tmp_path / "second" / "b").chmod(0o600)
    archives = [zip_archive(first), zip_archive(second)]
    assert archives[0] == archives[1]
    assert list(entries(archives[0])) == ["a/b", "a/c", "a/z"]


def test_files_and_texts_are_combined_and_sorted(tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text("from a file")
    archive = pulumi.AssetArchive(
        {"text.txt": pulumi.StringAsset("tëxt"), "a/file.txt": pulumi.FileAsset(str(tmp_path / "some.txt"))}
    )
    assert entries(zip_archive(archive)) == {"a/file.txt": "from a file", "text.txt": "tëxt"}


def test_a_zip_file_is_returned_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.py", "a")
    assert zip_archive(pulumi.FileArchive(str(path))) == path.read_bytes()


def test_other_kinds_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError, match=r"^far: RemoteAsset is not supported locally$"):
        zip_archive(pulumi.AssetArchive({"far": pulumi.RemoteAsset("https://example.com/x")}))
    with pytest.raises(NotImplementedError, match=r"^FileArchive is not supported locally: must be a zip file$"):
        zip_archive(pulumi.FileArchive(str(tmp_path)))


def test_a_missing_file_is_reported() -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.zip"):
        zip_archive(pulumi.FileArchive("missing.zip"))
