"""The fake provider of the local engine's tests as a plugin of the Pulumi CLI, with its cloud in a file."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.provider.plugin import Plugin, listen
from tests.unit.local.programs import FakeProvider

if TYPE_CHECKING:
    from local.provider.state import State

FILE_VARIABLE = "FAKE_CLOUD"


class StoredProvider(FakeProvider):
    """A fake provider that keeps its cloud and the calls in the file that the environment variable names."""

    @classmethod
    def load(cls) -> StoredProvider:
        return cls(**json.loads(Path(os.environ[FILE_VARIABLE]).read_text()))

    def delete(self, type_: str, state: State) -> None:
        super().delete(type_, state)
        self._store()

    def _set(self, id_: str, inputs: dict[str, Any], name_or_id: str) -> State:
        try:
            return super()._set(id_, inputs, name_or_id)
        finally:
            self._store()

    def _store(self) -> None:
        store(Path(os.environ[FILE_VARIABLE]), self)


def store(file: Path, provider: FakeProvider) -> None:
    """Write what a provider's process needs."""
    names = ("cloud", "calls", "broken", "partial")
    file.write_text(json.dumps({name: getattr(provider, name) for name in names}))


if __name__ == "__main__":
    server, port = listen(Plugin(lambda _: StoredProvider.load()))
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        sys.stdin.buffer.read()
    server.stop(grace=None)
