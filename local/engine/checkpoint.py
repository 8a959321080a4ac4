"""The state of a stack in a file, in the format of `pulumi stack export --show-secrets` (deployment version 3).

The Pulumi CLI reads it with `pulumi stack import --file`, and the local engine reads what the CLI exports
(https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/core.go).
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from local.engine.deployment import DeploymentError, Resource
from local.engine.urns import name_of
from local.engine.values import from_state, to_state

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
            return tuple(_resource(entry) for entry in found.deployment.resources)
        except FileNotFoundError:
            return ()
        except (msgspec.MsgspecError, ValueError) as error:
            raise CheckpointError(f"{self.path}: {error}") from error

    def save(self, resources: Sequence[Resource]) -> None:
        """Replace the file's content in one step.

        It lists no operations in progress: an operation is completed and recorded before an interrupt takes effect.
        """
        content = _File(
            version=_VERSION,
            deployment=_Deployment(
                manifest={"time": datetime.now(UTC).isoformat(), "magic": "", "version": ""},
                secrets_providers=self._secrets_provider,
                resources=[_entry(resource) for resource in resources],
                pending_operations=self._unresolved,
            ),
        )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f"{self.path.name}.new")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(content, order="deterministic"))
        temporary.replace(self.path)


class _Entry(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel"):
    """The attributes of a `Resource` that Pulumi keeps, which lacks `delete_before_replace` among others."""

    urn: str
    custom: bool
    delete: bool = False
    id: str = ""
    type: str
    inputs: dict[str, Any] = {}
    outputs: dict[str, Any] = {}
    parent: str = ""
    protect: bool = False
    external: bool = False
    dependencies: tuple[str, ...] = ()
    init_errors: tuple[str, ...] = ()
    provider: str = ""
    property_dependencies: dict[str, tuple[str, ...] | None] = {}
    pending_replacement: bool = False
    additional_secret_outputs: tuple[str, ...] = ()
    import_id: str = msgspec.field(default="", name="importID")
    retain_on_delete: bool = False
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()


class _Deployment(msgspec.Struct, omit_defaults=True):
    manifest: dict[str, Any]
    secrets_providers: dict[str, Any] = {}
    resources: list[_Entry] = []
    pending_operations: list[dict[str, Any]] = []


class _File(msgspec.Struct):
    version: int
    deployment: _Deployment


def _entry(resource: Resource) -> _Entry:
    kept: dict[str, Any] = {name: getattr(resource, name) for name in _Entry.__struct_fields__}
    kept["inputs"], kept["outputs"] = to_state(resource.inputs), to_state(resource.outputs)
    return _Entry(**kept)


def _resource(entry: _Entry) -> Resource:
    kept = msgspec.structs.asdict(entry)
    kept["inputs"], kept["outputs"] = from_state(entry.inputs), from_state(entry.outputs)
    kept["property_dependencies"] = {name: urns for name, urns in entry.property_dependencies.items() if urns}
    return Resource(**kept, name=name_of(entry.urn), delete_before_replace=None)
