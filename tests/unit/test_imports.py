"""Which packages may import which."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.packaging.bundles import ROOT

OWN = ("handlers", "authorizer", "infra", "local", "tests")

ALLOWED = {
    "handlers/contract": ("handlers.contract",),
    "handlers": ("handlers",),
    "authorizer": ("authorizer",),
    "infra": (
        "infra", "handlers.contract", "handlers.environment", "handlers.metrics",
        "authorizer.claims", "authorizer.decision", "authorizer.event", "authorizer.policy",
        "authorizer.resource_patterns", "authorizer.revocation.entries", "authorizer.revocation.environment",
        "authorizer.settings", "authorizer.settings_file", "authorizer.user_pool",
    ),
    "local": ("local", "infra", "handlers", "authorizer"),
}  # fmt: skip

FOREIGN = {
    "handlers": ("pulumi", "pulumi_aws", "boto3", "rich"),
    "authorizer": ("pulumi", "pulumi_aws", "boto3", "botocore", "rich"),
}
"""Packages that Lambda bundles must not contain."""


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("folder", sorted(ALLOWED))
def test_each_package_imports_only_allowed_packages(folder: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / folder).rglob("*.py")
        for name in imports(path)
        if within(name, OWN) and not within(name, ALLOWED[folder])
    ]
    assert wrong == []


@pytest.mark.parametrize("folder", sorted(FOREIGN))
def test_bundled_packages_import_no_foreign_packages(folder: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / folder).rglob("*.py")
        for name in imports(path)
        if within(name, FOREIGN[folder])
    ]
    assert wrong == []
