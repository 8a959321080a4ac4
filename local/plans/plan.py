"""`python -m local plan`: preview a stack's resources, without network, credentials, emulator or bundles."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pulumi
from rich.text import Text
from rich.tree import Tree

from infra import stack_file
from infra.changes import SECRET_MARK, UNKNOWN_MARK
from infra.packaging.bundles import without_building
from infra.stack_file import StackFile
from local.engine import STACK_TYPE, Deployment, Resource, run
from local.engine.values import Secret, Unknown
from local.provider import Provider
from local.provider.example import ExampleProvider, Planner


def plan(
    root: Path, stack: str, overrides: Mapping[str, str] | None = None, checkpoint: Path | None = None
) -> Deployment:
    """Run the project's program for a stack without creating anything.

    With a checkpoint, the steps show which of its resources the program still has.

    Raises:
        SettingsError: The stack's settings are invalid.
        DeploymentError: The program failed.
    """
    file = stack_file.read(root, stack, overrides)
    planner = Planner(None, region=file.values.get("aws:region"))
    return _run(root, file, stack, planner, preview=True, checkpoint=checkpoint)


def example(root: Path, stack: str, overrides: Mapping[str, str] | None = None, name: str | None = None) -> Deployment:
    """Run the program as `plan` does, with the ids and ARNs of an example account instead of unknown values.

    `name` is the stack's name if it is not that of the stack whose settings are used.

    Raises:
        SettingsError: The stack's settings are invalid.
        DeploymentError: The program failed.
    """
    file = stack_file.read(root, stack, overrides)
    return _run(root, file, name or stack, ExampleProvider(file.values.get("aws:region")), preview=False)


def _run(
    root: Path, file: StackFile, stack: str, provider: Provider, *, preview: bool, checkpoint: Path | None = None
) -> Deployment:
    """Run the program with the settings of a stack file for the stack of this name."""
    with without_building():
        return run(
            root / "__main__.py",
            project=file.project,
            stack=stack,
            config=file.values,
            provider=provider,
            preview=preview,
            checkpoint=checkpoint,
        )


def records(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the resources as JSON values: type, name, parent (a URN), protect and inputs.

    An unknown value becomes the string `[unknown]`, a secret `[secret]`, and a file or an archive its path relative to
    the project's root.
    """
    return [
        {
            "type": resource.type,
            "name": resource.name,
            "parent": resource.parent,
            "protect": resource.protect,
            "inputs": {name: json_value(value, deployment.root) for name, value in resource.inputs.items()},
        }
        for resource in deployment.resources
    ]


def tree(deployment: Deployment) -> Tree:
    """Return the resources as a tree, as `pulumi preview` shows them."""
    top = Tree(Text("nothing"))
    for stack in deployment.of_type(STACK_TYPE):
        top = Tree(_line(stack))
        _add_children(top, deployment, stack)
    return top


def count(deployment: Deployment) -> str:
    """Return how many resources the stack would have in AWS, without those that it only reads."""
    number = sum(each.type.startswith("aws:") and not each.external for each in deployment.custom)
    return f"{number} AWS resource{'' if number == 1 else 's'}"


def _add_children(branch: Tree, deployment: Deployment, parent: Resource) -> None:
    for resource in sorted(deployment.children(parent.urn), key=lambda child: (child.type, child.name)):
        _add_children(branch.add(_line(resource)), deployment, resource)


def _line(resource: Resource) -> Text:
    line = Text.assemble(("+ ", "green"), (resource.type, "dim"), " ", (resource.name, "bold"))
    return line.append(" [protect]", "yellow") if resource.protect else line


def json_value(value: Any, root: Path) -> Any:
    """Return a value as `records` does."""
    match value:
        case Unknown():
            found = UNKNOWN_MARK
        case Secret():
            found = SECRET_MARK
        case dict():
            found = {name: json_value(item, root) for name, item in cast("dict[str, Any]", value).items()}
        case list():
            found = [json_value(item, root) for item in cast("list[Any]", value)]
        case pulumi.Archive() | pulumi.Asset():
            found = _content(value, root)
        case _:
            found = value
    return found


def _content(value: pulumi.Archive | pulumi.Asset, root: Path) -> Any:
    """Return the path, the address or the text of a file or an archive."""
    match value:
        case pulumi.AssetArchive():
            return {name: json_value(item, root) for name, item in value.assets.items()}
        case pulumi.FileArchive() | pulumi.FileAsset():
            path = Path(value.path)
            return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
        case pulumi.RemoteArchive() | pulumi.RemoteAsset():
            return value.uri
        case pulumi.StringAsset():
            return value.text
        case _:
            return type(value).__name__
