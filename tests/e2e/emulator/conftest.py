"""An emulator per test module with all corrections, and a way to start one without some."""

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
    """Start an emulator, without the corrections named, for as long as a context lasts."""

    @contextlib.contextmanager
    def run(*without: str) -> Iterator[Sandbox]:
        options = Options(state=tmp_path_factory.mktemp("emulator"), port=free_port(), without=without)
        with start(options) as emulator, contextlib.closing(Sandbox(emulator)) as sandbox:
            yield sandbox

    return run


@pytest.fixture(scope="session")
def sandbox(sandboxed: Callable[..., AbstractContextManager[Sandbox]]) -> Iterator[Sandbox]:
    """An emulator with all corrections, one for all tests."""
    with sandboxed() as running:
        yield running


@pytest.fixture
def options(tmp_path: Path) -> Options:
    """Options for an emulator of the test's own."""
    return Options(state=tmp_path / "state", port=free_port())
