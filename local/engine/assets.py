"""Files and archives among a resource's properties: equal if their contents are, and with Pulumi's hash of the content.

A struct of the protocol and a state file contain the same objects, with a reserved signature
(https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/archive/archive.go). A state file also keeps the
hash, so that new content at the same path is seen as a change.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import pulumi

ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"


class _ByContent:
    """Equality by content. The hash is computed when it is first needed: in a plan, files need not exist."""

    known_hash: str = ""

    @property
    def content_hash(self) -> str:
        """The SHA-256 digest of the content, in hexadecimal."""
        if not self.known_hash:
            self.known_hash = hashlib.sha256(self._content()).hexdigest()
        return self.known_hash

    def _content(self) -> bytes:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByContent) and self.content_hash == other.content_hash

    def __hash__(self) -> int:
        return hash(self.content_hash)


class FileAsset(_ByContent, pulumi.FileAsset):
    """A file."""

    def _content(self) -> bytes:
        return Path(self.path).read_bytes()


class StringAsset(_ByContent, pulumi.StringAsset):
    """A text."""

    def _content(self) -> bytes:
        return self.text.encode()


class FileArchive(_ByContent, pulumi.FileArchive):
    """An archive file. Folders are not supported."""

    def _content(self) -> bytes:
        return Path(self.path).read_bytes()


class AssetArchive(_ByContent, pulumi.AssetArchive):
    """An archive of several files. Its hash is not the one that the Pulumi CLI computes."""

    def _content(self) -> bytes:
        parts = {name: part.content_hash for name, part in self.assets.items() if isinstance(part, _ByContent)}
        return repr(sorted(parts.items())).encode()


def decode_asset(given: Mapping[str, Any]) -> pulumi.Asset:
    """Return the asset that an object with the signature of assets describes."""
    if "path" in given:
        return _with_hash(FileAsset(given["path"]), given)
    return _with_hash(StringAsset(given["text"]), given) if "text" in given else pulumi.RemoteAsset(given["uri"])


def decode_archive(given: Mapping[str, Any]) -> pulumi.Archive:
    """Return the archive that an object with the signature of archives describes."""
    if "path" in given:
        return _with_hash(FileArchive(given["path"]), given)
    if "uri" in given:
        return pulumi.RemoteArchive(given["uri"])
    return _with_hash(AssetArchive(given.get("assets", {})), given)


def encode_asset(value: pulumi.Asset | pulumi.Archive, *, with_hash: bool) -> dict[str, Any]:
    """Return the description of a file or archive, without its signature; `with_hash` reads it if necessary."""
    match value:
        case pulumi.FileAsset() | pulumi.FileArchive():
            encoded: dict[str, Any] = {"path": value.path}
        case pulumi.StringAsset():
            encoded = {"text": value.text}
        case pulumi.RemoteAsset() | pulumi.RemoteArchive():
            encoded = {"uri": value.uri}
        case _:
            encoded = {"assets": cast("pulumi.AssetArchive", value).assets}
    if isinstance(value, _ByContent) and (with_hash or value.known_hash):
        encoded["hash"] = value.content_hash
    return encoded


_T = TypeVar("_T", bound=_ByContent)


def _with_hash(value: _T, given: Mapping[str, Any]) -> _T:
    value.known_hash = given.get("hash", "")
    return value
