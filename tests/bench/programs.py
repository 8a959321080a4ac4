"""The programs that the benchmarks start, unpacked or installed below `build/bench`: bundles and their competitors."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from infra.packaging.bundles import BUILD, ROOT, Target, archive
from infra.packaging.handler_bundles import handlers_bundle
from tests.bench.lambda_runtime import Program

FOLDER = BUILD / "bench"
RECIPE = """
import json
import os

import boto3

client = boto3.client("dynamodb")


def handler(event, context):
    key = {"owner": {"S": event["requestContext"]["authorizer"]["owner"]}, "id": {"S": event["pathParameters"]["id"]}}
    found = client.get_item(TableName=os.environ["TABLE"], Key=key)
    return {"statusCode": 200, "body": json.dumps(found["Item"])}
"""
"""A handler as tutorials write it."""


def bundle_file(*, compiled: bool = False) -> Path:
    """Return the handlers' bundle for this host."""
    return Path(archive(handlers_bundle(Target.of("host"), compiled=compiled)).path)


def gatehouse(*, compiled: bool = False) -> Program:
    """Return the handler that reads an item, from the files of its bundle."""
    bundle = bundle_file(compiled=compiled)
    folder = FOLDER / bundle.stem
    if not folder.exists():
        with zipfile.ZipFile(bundle) as unpacked:
            unpacked.extractall(folder)
    environment = {"COLLECTION": "items", "CORS_ORIGINS": "http://localhost:3000"}
    return Program("handlers.read.handler", (folder, runtime_client()), environment)


def recipe() -> Program:
    """Return a handler that uses `boto3.client("dynamodb")`, with boto3 as pip installs it, without compiled files."""
    folder = installed("recipe", "boto3", "--no-compile")
    (folder / "recipe.py").write_text(RECIPE)
    return Program("recipe.handler", (folder, runtime_client()))


def runtime_client() -> Path:
    """Return Lambda's runtime client, with compiled files as in Lambda."""
    return installed("runtime", "awslambdaric")


def installed(name: str, package: str, *options: str) -> Path:
    """Return a folder with a package and its dependencies, at the version that pyproject.toml pins."""
    pin = pinned(package)
    folder = FOLDER / f"{name}-{pin.partition('==')[2]}-{sys.version_info.major}{sys.version_info.minor}"
    if not folder.exists():
        partial = folder.with_name(f".{folder.name}")
        shutil.rmtree(partial, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]
        subprocess.run([*command, str(partial), *options, pin], check=True, capture_output=True)
        partial.rename(folder)
    return folder


def pinned(package: str) -> str:
    """Return the pin of a package in a dependency group."""
    groups: dict[str, list[Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    pins = {str(pin) for group in groups.values() for pin in group if str(pin).startswith(f"{package}==")}
    (pin,) = pins
    return pin
