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


def folder(root: Path, order: list[str]) -> Path:
    """Create a folder whose files are written in this order."""
    for name in order:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")
    return root


def entries(archive: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        assert file.testzip() is None
        return {entry.filename: file.read(entry).decode() for entry in file.infolist()}


def test_equal_files_give_equal_bytes_regardless_of_their_times_and_order(tmp_path: Path) -> None:
    first = folder(tmp_path / "first", ["b.py", "a/z.py", "a/c.py"])
    second = folder(tmp_path / "second", ["a/c.py", "b.py", "a/z.py"])
    os.utime(second / "b.py", (1_000_000_000, 1_000_000_000))
    (second / "b.py").chmod(0o600)
    archives = [zip_archive(pulumi.FileArchive(str(root))) for root in (first, second)]
    assert archives[0] == archives[1]
    assert list(entries(archives[0])) == ["a/c.py", "a/z.py", "b.py"]


def test_parts_of_all_kinds_are_combined_and_sorted(tmp_path: Path) -> None:
    inner = tmp_path / "inner.zip"
    inner.write_bytes(zip_archive(pulumi.FileArchive(str(folder(tmp_path / "zipped", ["lib.py"])))))
    archive = pulumi.AssetArchive(
        {
            "z": pulumi.FileArchive(str(folder(tmp_path / "plain", ["m.py"]))),
            "text.txt": pulumi.StringAsset("tëxt"),
            "file.txt": pulumi.FileAsset(str(folder(tmp_path, ["some.txt"]) / "some.txt")),
            "": pulumi.FileArchive(str(inner)),
            "deep": pulumi.AssetArchive({"er": pulumi.AssetArchive({"x": pulumi.StringAsset("1")})}),
        }
    )
    assert entries(zip_archive(archive)) == {
        "deep/er/x": "1",
        "file.txt": "content of some.txt",
        "lib.py": "content of lib.py",
        "text.txt": "tëxt",
        "z/m.py": "content of m.py",
    }


def test_a_zip_file_is_returned_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.py", "a")
    assert zip_archive(pulumi.FileArchive(str(path))) == path.read_bytes()


def test_remote_assets_are_rejected() -> None:
    with pytest.raises(NotImplementedError, match=r"^far: RemoteAsset is not supported locally$"):
        zip_archive(pulumi.AssetArchive({"far": pulumi.RemoteAsset("https://example.com/x")}))


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.zip"):
        zip_archive(pulumi.FileArchive(str(tmp_path / "missing.zip")))
