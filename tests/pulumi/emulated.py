"""A stack of this project in an emulator, managed by either engine."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from infra.packaging.bundles import ROOT
from local.emulator.launch import Emulator
from local.engine import DeploymentError, deploy, destroy
from local.provider import Provider
from local.pulumi_cli import PulumiError, PulumiStack

Engine = Literal["local", "pulumi"]


class Rejected(Exception):
    """The engine rejected an operation."""


@dataclass
class EmulatedStack:
    """A stack whose state is in `folder`."""

    engine: Engine
    name: str
    folder: Path
    emulator: Emulator

    @property
    def provider(self) -> Provider:
        return Provider(self.emulator.endpoint_url)

    @property
    def checkpoint(self) -> Path:
        return self.folder / "stack.json"

    def client(self, service: str) -> Any:
        """Return a client of an emulated AWS service."""
        return self.provider.connection.client(service)

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return the resources in the stack's state, by URN."""
        resources = json.loads(self.checkpoint.read_text())["deployment"].get("resources") or []
        return {each["urn"]: each for each in resources if each["type"].startswith("aws:")}

    def up(self, **overrides: str) -> None:
        """Deploy the program. Raises Rejected."""
        settings = {name.replace("_", "."): value for name, value in overrides.items()}
        with _rejections():
            if self.engine == "local":
                deploy(ROOT, self.name, self.provider, settings, checkpoint=self.checkpoint)
            else:
                self._pulumi(settings).up()

    def destroy(self) -> None:
        """Delete all resources. Raises Rejected."""
        with _rejections():
            if self.engine == "local":
                destroy(self.checkpoint, self.provider)
            else:  # with `--skip-preview`, the CLI would delete all that is not protected
                self._pulumi({}).run("destroy", "--yes")

    def _pulumi(self, overrides: Mapping[str, str]) -> PulumiStack:
        return PulumiStack(
            root=ROOT,
            name=self.name,
            folder=self.folder / "cli",
            checkpoint=self.checkpoint,
            endpoint=self.emulator.endpoint_url,
            overrides=overrides,
        )


@contextmanager
def _rejections() -> Iterator[None]:
    try:
        yield
    except (DeploymentError, PulumiError) as error:
        raise Rejected(str(error)) from error
