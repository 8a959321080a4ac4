"""The journal of a state file: the changes since the file was written, one JSON object per line.

With it, a step is recorded by appending a line; writing the whole file after each step would take time that grows with
the square of the number of resources. A process that is killed leaves the journal, and the next one reads it.
"""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from local.engine.entries import Entry


class Change(msgspec.Struct, omit_defaults=True):
    """What a slot of the state contains now; None if it is empty. `renamed` is a URN and the one that replaces it."""

    slot: int = -1
    entry: Entry | None = None
    renamed: tuple[str, str] | None = None


class _Header(msgspec.Struct):
    digest: str


class Journal:
    """The journal next to a state file. A journal of other content of that file is ignored."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self.path = state.with_name(f"{state.name}.journal")
        self._has_header = False

    def read(self) -> list[Change]:
        """Return the changes. The last line is ignored if the process was killed while writing it."""
        if not self.path.exists():
            return []
        header, *lines = self.path.read_bytes().split(b"\n")[:-1] or [b"{}"]
        try:
            if msgspec.json.decode(header, type=_Header).digest == self._digest():
                return [msgspec.json.decode(line, type=Change) for line in lines]
        except msgspec.MsgspecError:
            pass
        return []

    def append(self, changes: Iterable[Change]) -> None:
        """Record changes."""
        lines = [msgspec.json.encode(change) for change in changes]
        if not lines:
            return
        if not self._has_header:
            self.discard()
            lines.insert(0, msgspec.json.encode(_Header(self._digest())))
            self._has_header = True
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with os.fdopen(os.open(self.path, flags, 0o600), "ab") as file:
            file.write(b"".join(line + b"\n" for line in lines))

    def discard(self) -> None:
        """Delete the journal, because the state file contains its changes."""
        self.path.unlink(missing_ok=True)
        self._has_header = False

    def _digest(self) -> str:
        return hashlib.sha256(self._state.read_bytes()).hexdigest() if self._state.exists() else ""
