"""Emulators: one with all corrections for all tests, and others without some."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from local.emulator.launch import Options, free_port, start
from tests.e2e.emulator.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


@pytest.fixture(scope="session")
def sandboxed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., AbstractContextManager[Sandbox]]:
    """Return a context manager that runs an emulator without the named corrections."""

    @contextlib.contextmanager
    def run(*without: str) -> Iterator[Sandbox]:
        options = Options(state=tmp_path_factory.mktemp("emulator"), port=free_port(), without=without)
        with start(options) as emulator, contextlib.closing(Sandbox(emulator)) as sandbox:
            yield sandbox

    return run


@pytest.fixture(scope="session")
def sandbox(sandboxed: Callable[..., AbstractContextManager[Sandbox]]) -> Iterator[Sandbox]:
    """The emulator with all corrections, shared by all tests."""
    with sandboxed() as running:
        yield running


@pytest.fixture
def options(tmp_path: Path) -> Options:
    """Options for an emulator that the test starts itself."""
    return Options(state=tmp_path / "state", port=free_port())
