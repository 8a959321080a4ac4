"""The settings that need resources which the emulator lacks: they are rejected before anything is created.

docs/local-stack.md lists them, and tests/docs compares that list with the types that the provider supports.
"""

from collections.abc import Iterator

from handlers.contract import FieldError
from infra.data.data_settings import DataSettings
from infra.functions.function_settings import FunctionSettings
from infra.settings import StackSettings

_EQUAL = "not supported by the local stack; use a maximum equal to the minimum"


def unsupported_settings(settings: StackSettings) -> Iterator[FieldError]:
    """Yield the settings that the local stack does not support."""
    yield from _scaled_functions(settings.functions)
    yield from _scaled_tables(settings.data)
    if settings.backups.enabled and settings.backups.lock:
        yield FieldError("backups.lock", "not supported by the local stack; remove it")


def _scaled_functions(settings: FunctionSettings) -> Iterator[FieldError]:
    ranges = {"functions": settings.provisioned_concurrency}
    ranges |= {f"functions.overrides.{name}": each.provisioned_concurrency for name, each in settings.overrides.items()}
    for key, found in ranges.items():
        if found and not found.is_fixed:
            yield FieldError(f"{key}.provisionedConcurrency", f"{_EQUAL}, without schedules")


def _scaled_tables(settings: DataSettings) -> Iterator[FieldError]:
    capacities = {"data": settings.capacity}
    capacities |= {f"data.overrides.{name}": each.capacity for name, each in settings.overrides.items()}
    for key, capacity in capacities.items():
        for name, units in (("reads", capacity.reads), ("writes", capacity.writes)):
            if units.is_scaled:
                yield FieldError(f"{key}.capacity.{name}", _EQUAL)
