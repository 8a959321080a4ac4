"""The state of a stack in a file, in the format of `pulumi stack export --show-secrets` (deployment version 3).

The Pulumi CLI reads it with `pulumi stack import --file`, and the local engine reads what the CLI exports. During a
deployment, the changes are in a journal next to the file.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from local.engine.deployment import DeploymentError, Resource
from local.engine.entries import Entry, entry_of, resource_of
from local.engine.journal import Change, Journal
from local.engine.slots import with_changes

_VERSION: Final = 3
_SECRETS_PROVIDER: Final = {
    "type": "passphrase",
    "state": {"salt": "v1:s0KsvTe9pgI=:v1:nnKndj0vz8iOCmhq:/1XD+WUjmlIb4cewRQJMdXvAPuDlBA=="},
}
"""How the CLI encrypts the secrets of a state that it imports: with the passphrase `local`. It requires a provider.

A state that the CLI has exported names its own provider, which is kept.
"""


class CheckpointError(DeploymentError):
    """A state file cannot be read."""


class Checkpoint:
    """A state file. It contains secrets in plain text, so only its owner may read it."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._secrets_provider: dict[str, Any] = _SECRETS_PROVIDER
        self._unresolved: list[dict[str, Any]] = []
        self._journal = Journal(self.path)

    def load(self) -> tuple[Resource, ...]:
        """Return the resources, each after those that it depends on; none if there is no file.

        Raises:
            CheckpointError: The file is not a state of this version, or its secrets are encrypted.
        """
        try:
            found = msgspec.json.decode(self.path.read_bytes(), type=_File)
            if found.version != _VERSION:
                raise CheckpointError(f"{self.path}: version {found.version} is not supported, only {_VERSION}")
            self._secrets_provider = found.deployment.secrets_providers or _SECRETS_PROVIDER
            # As in Pulumi's engine: a resource that the CLI may have created without recording it stays on the list
            # until someone has checked.
            operations = found.deployment.pending_operations
            self._unresolved = [operation for operation in operations if operation["type"] == "creating"]
            entries = found.deployment.resources
        except FileNotFoundError:
            entries = []
        except (msgspec.MsgspecError, ValueError) as error:
            raise CheckpointError(f"{self.path}: {error}") from error
        return self._resources(entries)

    def append(self, changes: Iterable[Change]) -> None:
        """Record changes since the file was loaded or saved, without writing all of it again."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._journal.append(changes)

    def save(self, resources: Iterable[Resource]) -> None:
        """Replace the file's content in one step.

        It lists no operations in progress: an operation is completed and recorded before an interrupt takes effect.
        """
        content = _File(
            version=_VERSION,
            deployment=_Deployment(
                manifest={"time": datetime.now(UTC).isoformat(), "magic": "", "version": ""},
                secrets_providers=self._secrets_provider,
                resources=[entry_of(resource) for resource in resources],
                pending_operations=self._unresolved,
            ),
        )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f"{self.path.name}.new")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(content, order="deterministic"))
        temporary.replace(self.path)
        self._journal.discard()

    def delete(self) -> None:
        """Forget all resources: delete the file, and the journal of a deployment that was killed."""
        self._journal.discard()
        self.path.unlink(missing_ok=True)

    def _resources(self, entries: list[Entry]) -> tuple[Resource, ...]:
        """Return the resources of the file, with the changes of a deployment that was killed."""
        try:
            resources = tuple(map(resource_of, entries))
            if changes := self._journal.read():
                resources = tuple(with_changes(resources, changes))
                self.save(resources)
        except ValueError as error:
            raise CheckpointError(f"{self.path}: {error}") from error
        return resources


class _Deployment(msgspec.Struct, omit_defaults=True):
    manifest: dict[str, Any]
    secrets_providers: dict[str, Any] = {}
    resources: list[Entry] = []
    pending_operations: list[dict[str, Any]] = []


class _File(msgspec.Struct):
    version: int
    deployment: _Deployment
