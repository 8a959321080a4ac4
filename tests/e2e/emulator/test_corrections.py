"""With each correction the emulator behaves like AWS, and without it it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.emulator.corrections import CORRECTIONS
from tests.e2e.emulator.checks import CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.e2e.emulator.sandbox import Sandbox


def test_every_correction_has_a_check() -> None:
    assert list(CHECKS) == list(CORRECTIONS)


@pytest.mark.parametrize("name", CHECKS)
def test_with_all_corrections_the_emulator_behaves_like_aws(name: str, sandbox: Sandbox) -> None:
    CHECKS[name](sandbox)


@pytest.mark.parametrize("name", CHECKS)
def test_without_the_correction_the_emulator_behaves_differently(
    name: str, sandboxed: Callable[..., AbstractContextManager[Sandbox]]
) -> None:
    with sandboxed(name) as sandbox, pytest.raises(AssertionError):
        CHECKS[name](sandbox)
