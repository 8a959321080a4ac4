"""Replacements of parts of the Pulumi SDK whose time grows with the square of the number of resources.

They do the same, as far as the local engine can tell. Like the monitor, they use internals of a pinned version.
"""

import asyncio
import contextlib
import gc
from collections.abc import Callable, Generator
from typing import Any

from pulumi import Resource
from pulumi.runtime import resource, resource_cycle_breaker, rpc, settings, stack
from pulumi.runtime.proto import source_pb2


@contextlib.contextmanager
def fast_sdk() -> Generator[None]:
    """Use the replacements, without collecting garbage: almost all objects of a run live until its end."""
    replacements: dict[tuple[Any, str], Any] = {
        (stack, "wait_for_rpcs"): wait_for_registrations,
        (rpc, "declare_dependency"): dependency_declarer(),
        # The place in the program, for messages of the CLI, is the most expensive part of a registration.
        (resource, "_get_stack_trace"): source_pb2.StackTrace,
    }
    originals = {(module, name): getattr(module, name) for module, name in replacements}
    was_enabled = gc.isenabled()
    try:
        for (module, name), replacement in replacements.items():
            setattr(module, name, replacement)
        gc.disable()
        yield
    finally:
        gc.freeze()  # otherwise all objects would be examined at once
        if was_enabled:
            gc.enable()
        gc.unfreeze()
        for (module, name), original in originals.items():
            setattr(module, name, original)


async def wait_for_registrations() -> None:
    """Wait until all registrations and outputs are done, including those that they cause. Raises their exceptions.

    The SDK's function waits for the first of all outputs, again and again.
    """
    run: Any = settings.SETTINGS
    manager, outputs, lock = run.rpc_manager, run.outputs, run.lock
    while True:
        while manager.rpcs:
            await asyncio.sleep(0)
            await manager.rpcs.pop()
        if manager.unhandled_exception is not None:
            raise manager.unhandled_exception.with_traceback(manager.exception_traceback)
        while outputs:
            with lock:
                pending = set(outputs)
                outputs.clear()
            done, rest = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
            for each in done:
                each.result()
            with lock:
                outputs.update(rest)
        if not manager.rpcs:
            return


def dependency_declarer() -> Callable[[Resource, Resource], bool]:
    """Return a function that notes a dependency of a resource, and returns False if that would close a cycle.

    The SDK searches all transitive dependencies each time. Nothing can depend on a resource that no dependency was
    noted on, and that is the case for almost all resources, because a resource waits for what it depends on.
    """
    depended_on: set[Resource] = set()
    add: Callable[[Resource, Resource], None] = getattr(resource_cycle_breaker, "_add_dep")  # noqa: B009 - private

    def declare(from_resource: Resource, to_resource: Resource) -> bool:
        if from_resource in depended_on or from_resource == to_resource:
            declared = resource_cycle_breaker.declare_dependency(from_resource, to_resource)
        else:
            add(from_resource, to_resource)
            declared = True
        if declared:
            depended_on.add(to_resource)
        return declared

    return declare
