"""What a stack would be: the program run without network, credentials, emulator or bundles."""

import contextlib
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import pulumi
from rich.text import Text
from rich.tree import Tree

from infra import stack_file
from local.deployment import STACK_TYPE, Deployment, Resource
from local.engine import run
from local.provider.lookups import look_up
from local.values import Secret, Unknown

UNKNOWN_MARK: Final = "[unknown]"
"""Stands for a value that is known only after the deployment."""
SECRET_MARK: Final = "[secret]"  # noqa: S105 - stands for one
"""Stands for a value that the program marked as secret."""


def plan(root: Path, stack: str, overrides: Mapping[str, str] | None = None) -> Deployment:
    """Run the project's program for a stack without making anything.

    Raises:
        SettingsError: The stack's settings are wrong.
        DeploymentError: The program failed.
    """
    file = stack_file.read(root, stack, overrides)
    with _unbuilt():
        return run(
            root / "__main__.py",
            project=file.project,
            stack=stack,
            config=file.values,
            provider=_Foresight(file.values.get("aws:region")),
            preview=True,
        )


def records(deployment: Deployment) -> list[dict[str, Any]]:
    """The resources as JSON values: type, name, parent (a URN), protect and inputs.

    An unknown value is the string `[unknown]`, a secret one `[secret]`, a file or an archive its path below the root.
    """
    return [
        {
            "type": resource.type,
            "name": resource.name,
            "parent": resource.parent,
            "protect": resource.protect,
            "inputs": {name: _shown(value, deployment.root) for name, value in resource.inputs.items()},
        }
        for resource in deployment.resources
    ]


def tree(deployment: Deployment) -> Tree:
    """The resources as `pulumi preview` shows them, each below its parent."""
    top = Tree(Text("nothing"))
    for stack in deployment.of_type(STACK_TYPE):
        top = Tree(_line(stack))
        _grow(top, deployment, stack)
    return top


def _grow(branch: Tree, deployment: Deployment, parent: Resource) -> None:
    for resource in sorted(deployment.children(parent.urn), key=lambda child: (child.type, child.name)):
        _grow(branch.add(_line(resource)), deployment, resource)


def _line(resource: Resource) -> Text:
    line = Text.assemble(("+ ", "green"), (resource.type, "dim"), " ", (resource.name, "bold"))
    return line.append(" [protect]", "yellow") if resource.protect else line


def _shown(value: Any, root: Path) -> Any:
    match value:
        case Unknown():
            shown = UNKNOWN_MARK
        case Secret():
            shown = SECRET_MARK
        case dict():
            shown = {name: _shown(item, root) for name, item in cast("dict[str, Any]", value).items()}
        case list():
            shown = [_shown(item, root) for item in cast("list[Any]", value)]
        case pulumi.Archive() | pulumi.Asset():
            shown = _content(value, root)
        case _:
            shown = value
    return shown


def _content(value: pulumi.Archive | pulumi.Asset, root: Path) -> Any:
    """Where a file's or an archive's content is, or what it is."""
    match value:
        case pulumi.AssetArchive():
            return {name: _shown(item, root) for name, item in value.assets.items()}
        case pulumi.FileArchive() | pulumi.FileAsset():
            path = Path(value.path)
            return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
        case pulumi.RemoteArchive() | pulumi.RemoteAsset():
            return value.uri
        case pulumi.StringAsset():
            return value.text
        case _:
            return type(value).__name__


class _Foresight:
    """Answers look-ups with what the settings say, and makes nothing."""

    def __init__(self, region: str | None) -> None:
        self._region = region

    def create(self, type_: str, name: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Never asked for in a preview."""
        raise NotImplementedError

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any] | None:
        """What is known before a deployment: the account never is, the region if it is a setting."""
        return look_up(token, args, region=self._region, account=None)

    def read(self, type_: str, id_: str) -> dict[str, Any] | None:  # noqa: ARG002 - the protocol's parameters
        """Nothing is known of resources that exist already: a plan asks no account."""
        return None


def _unbuilt() -> contextlib.AbstractContextManager[Any]:
    """The program's own way to do without its bundles, where it has one."""
    try:
        bundles = importlib.import_module("infra.bundles")
    except ModuleNotFoundError as error:
        if error.name not in ("infra", "infra.bundles"):
            raise
        return contextlib.nullcontext()
    return bundles.unbuilt()
