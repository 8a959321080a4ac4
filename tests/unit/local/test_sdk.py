"""The replacements of slow parts of the Pulumi SDK do the same as the originals."""

import asyncio
import gc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime import resource, resource_cycle_breaker, rpc, stack
from pulumi.runtime import settings as sdk_settings

from local.engine.sdk import dependency_declarer, fast_sdk, wait_for_registrations

SETTINGS: Any = sdk_settings.SETTINGS


class Node:
    """A resource, as far as dependencies are concerned."""


@settings(max_examples=300)
@given(pairs=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=25))
def test_a_dependency_is_rejected_if_and_only_if_it_would_close_a_cycle(pairs: list[tuple[int, int]]) -> None:
    declare = dependency_declarer()
    mine: list[Any] = [Node() for _ in range(7)]
    theirs: list[Any] = [Node() for _ in range(7)]
    for start, end in pairs:
        expected = resource_cycle_breaker.declare_dependency(theirs[start], theirs[end])
        assert declare(mine[start], mine[end]) is expected


def test_the_originals_are_back_after_a_run_and_garbage_is_collected_again() -> None:
    parts = [(stack, "wait_for_rpcs"), (rpc, "declare_dependency"), (resource, "_get_stack_trace")]
    before = [getattr(module, name) for module, name in parts]
    with fast_sdk():
        assert not gc.isenabled()
        assert all(getattr(module, name) is not each for (module, name), each in zip(parts, before, strict=True))
    assert [getattr(module, name) for module, name in parts] == before
    assert gc.isenabled()


def waited(*outputs: Any) -> None:
    async def run() -> None:
        SETTINGS.rpc_manager.clear()
        SETTINGS.outputs.clear()
        SETTINGS.outputs.update(asyncio.ensure_future(each) for each in outputs)
        await asyncio.wait_for(wait_for_registrations(), timeout=5)

    asyncio.run(run())


def test_outputs_that_other_outputs_cause_are_awaited_too() -> None:
    done: list[int] = []

    async def output(number: int) -> None:
        await asyncio.sleep(0)
        done.append(number)
        if number < 5:
            SETTINGS.outputs.add(asyncio.ensure_future(output(number + 1)))

    waited(output(0))
    assert done == list(range(6))


@pytest.mark.parametrize("position", range(3))
def test_the_exception_of_an_output_is_raised_although_others_never_end(position: int) -> None:
    async def endless() -> None:
        await asyncio.Event().wait()

    async def failing() -> None:
        raise OSError("broken")

    outputs: list[Any] = [endless() for _ in range(2)]
    outputs.insert(position, failing())
    with pytest.raises(OSError, match="broken"):
        waited(*outputs)
