"""Read the output of `pulumi preview --json` (its format: `pkg/display/json.go` in pulumi/pulumi)."""

import json
from collections.abc import Collection, Iterator
from typing import Any, Final, cast

import msgspec

from infra.changes.change import Change, Operation
from infra.changes.comment import StackChanges
from infra.changes.differences import SECRET_MARK, UNKNOWN_MARK, PropertyChange, compare

OPERATIONS: Final = {
    "create": Operation.CREATE,
    "delete": Operation.DELETE,
    "import": Operation.IMPORT,
    "import-replacement": Operation.REPLACE,
    "replace": Operation.REPLACE,
    "update": Operation.UPDATE,
}
"""The steps that change something. The CLI lists a replacement as one step unless it is asked for its parts."""

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""The property of an object that is not one of JSON, with its kind (`sdk/go/common/resource/sig/sig.go`)."""
CONTENT: Final = {"c44067f5952c0a294b673a41bacd8c17": "file", "0def7320c3a5731c473e5ecbe6d01bc7": "archive"}
"""The kinds that are shown by their hash. All others are masked like a secret."""
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for a value that is known only after the deployment (`sdk/go/common/resource/plugin/rpc.go`)."""


class PreviewError(Exception):
    """A document is not the output of `pulumi preview --json`."""


class _State(msgspec.Struct, rename="camel"):
    inputs: dict[str, Any] = {}
    protect: bool = False
    retain_on_delete: bool = False


class _Step(msgspec.Struct, rename="camel"):
    op: str
    urn: str
    old_state: _State | None = None
    new_state: _State | None = None
    diff_reasons: list[str] | None = None
    replace_reasons: list[str] | None = None


class _Diagnostic(msgspec.Struct):
    message: str = ""
    severity: str = ""


class _Digest(msgspec.Struct):
    config: dict[str, str] = {}
    steps: list[_Step] = []
    diagnostics: list[_Diagnostic] = []


def read(stack: str, document: bytes, secrets: Collection[str] = ()) -> StackChanges:
    """Return the changes and errors of a preview.

    `secrets` are masked in values and errors: of the settings that the program reads as plain text, the CLI masks none.

    Raises:
        PreviewError: The document is something else.
    """
    digest = _decoded(document)
    masked = {form for secret in secrets if secret for form in (secret, json.dumps(secret)[1:-1])}
    changes = tuple(change for step in digest.steps for change in _changes(step, masked))
    errors = tuple(_masked(each.message.strip(), masked) for each in digest.diagnostics if each.severity == "error")
    return StackChanges(stack, changes, errors)


def _masked(text: str, secrets: Collection[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, SECRET_MARK)
    return text


def settings(document: bytes) -> dict[str, str]:
    """Return the settings of the previewed stack by key; secrets in them are masked. Raises PreviewError."""
    return _decoded(document).config


def _decoded(document: bytes) -> _Digest:
    try:
        return msgspec.json.decode(document, type=_Digest)
    except msgspec.DecodeError as error:
        raise PreviewError(f"not the output of `pulumi preview --json`: {error}") from None


def _changes(step: _Step, secrets: Collection[str]) -> Iterator[Change]:
    old, new = step.old_state or _State(), step.new_state or _State()
    properties: tuple[PropertyChange, ...] = ()
    if step.old_state and step.new_state:
        properties = compare({"protect": old.protect}, {"protect": new.protect})
    if step.op in ("update", "replace"):
        properties = (*_property_changes(step, old, new, secrets), *properties)
    # The CLI lists a resource of which only the protection changes as unchanged.
    operation = Operation.UPDATE if step.op == "same" and properties else OPERATIONS.get(step.op)
    if operation:
        yield Change(operation=operation, urn=step.urn, properties=properties, retained=old.retain_on_delete)


def _property_changes(step: _Step, old: _State, new: _State, secrets: Collection[str]) -> tuple[PropertyChange, ...]:
    changed, replaces = step.diff_reasons or None, step.replace_reasons or ()
    return compare(_plain(old.inputs, secrets), _plain(new.inputs, secrets), changed=changed, replaces=replaces)


def _plain(value: Any, secrets: Collection[str]) -> Any:
    """Return a value in JSON: unknown values and secrets are masked, and files become their hash."""
    match value:
        case dict():
            document = cast("dict[str, Any]", value)
            kind = document.get(SIGNATURE)
            if kind is None:
                return {name: _plain(item, secrets) for name, item in document.items()}
            return f"{CONTENT[kind]} {document.get('hash', '')[:12]}" if kind in CONTENT else SECRET_MARK
        case list():
            return [_plain(item, secrets) for item in cast("list[Any]", value)]
        case _ if value == UNKNOWN:
            return UNKNOWN_MARK
        case _:
            return SECRET_MARK if any(secret in str(value) for secret in secrets) else value
