"""Deploy programs with pulumi-aws resources into an emulator, and query its services."""

from __future__ import annotations

import itertools
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.engine import Deployment, deploy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.engine import Resource
    from local.provider import Provider

PREAMBLE = """
import json
import zipfile
import pulumi
import pulumi_aws as aws

ROLE = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})

def function(name, source, **arguments):
    role = aws.iam.Role(f"{name}-role", assume_role_policy=ROLE)
    with zipfile.ZipFile(f"{name}.zip", "w") as file:
        file.writestr("main.py", source)
    return aws.lambda_.Function(
        name, name=name, role=role.arn, handler="main.handler", runtime="python3.13",
        code=pulumi.FileArchive(f"{name}.zip"), **arguments)
"""


@dataclass
class Deployer:
    """Deploys the source of a program. A preamble defines `aws`, `ROLE` and `function`."""

    provider: Provider
    folder: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def __call__(self, source: str) -> Deployment:
        root = self.folder / f"program-{next(self.numbers)}"
        root.mkdir()
        (root / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
        (root / "Pulumi.dev.yaml").write_text("config: {}\n")
        (root / "__main__.py").write_text(PREAMBLE + textwrap.dedent(source))
        return deploy(root, "dev", self.provider)

    def client(self, service: str) -> Any:
        return self.provider.connection.client(service)


def only(deployment: Deployment, type_: str) -> Resource:
    """Return the only resource of a type."""
    (found,) = deployment.of_type(type_)
    return found
