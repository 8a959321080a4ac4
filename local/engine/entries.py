"""Resources in the format of Pulumi's state (https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/core.go)."""

from typing import Any

import msgspec

from local.engine.deployment import Resource
from local.engine.urns import name_of
from local.engine.values import from_state, to_state


class Entry(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel"):
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


def entry_of(resource: Resource) -> Entry:
    """Return a resource in Pulumi's format."""
    kept: dict[str, Any] = {name: getattr(resource, name) for name in Entry.__struct_fields__}
    kept["inputs"], kept["outputs"] = to_state(resource.inputs), to_state(resource.outputs)
    return Entry(**kept)


def resource_of(entry: Entry) -> Resource:
    """Return the resource that an entry describes. Raises ValueError."""
    kept = msgspec.structs.asdict(entry)
    kept["inputs"], kept["outputs"] = from_state(entry.inputs), from_state(entry.outputs)
    kept["property_dependencies"] = {name: urns for name, urns in entry.property_dependencies.items() if urns}
    return Resource(**kept, name=name_of(entry.urn), delete_before_replace=None)
