"""Values that a setting's type excludes: of another type, beyond a limit, or not among the choices."""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import msgspec

from handlers.contract import unwrapped
from infra.settings_reference import metadata


def settings_of(kind: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the type of every setting in a group, also of the groups in it and in its lists and maps."""
    base = unwrapped(kind)
    if isinstance(base, type) and issubclass(base, msgspec.Struct):
        for field in msgspec.structs.fields(base):
            name = f"{path}.{field.encode_name}".removeprefix(".")
            yield name, field.type
            yield from settings_of(field.type, name)
    elif get_origin(base) is tuple:
        yield from settings_of(get_args(base)[0], f"{path}[]")
    elif get_origin(base) is dict:
        yield from settings_of(get_args(base)[1], f"{path}{{}}")


def invalid_values(kind: Any) -> Iterator[Any]:
    """Yield values that a type excludes."""
    base = unwrapped(kind)
    if isinstance(base, type) and issubclass(base, msgspec.Struct):
        yield from ([], "text", {"unknown": 1})
    elif get_origin(base) is tuple:
        yield from ({}, "text", [{"unknown": 1}])
        yield from ([each] for each in invalid_values(get_args(base)[0]))
        if metadata(kind, "min_length"):
            yield []
    elif get_origin(base) is dict:
        yield from ([], "text")
        yield from ({"name": each} for each in invalid_values(get_args(base)[1]))
    else:
        yield from _invalid_scalars(kind, base)


def _invalid_scalars(kind: Any, base: Any) -> Iterator[Any]:
    yield from ({}, [])
    if get_origin(base) is Literal:
        yield from ("NONE OF THESE", 7.5)
    elif base is bool:
        yield from ("yes and no", 2)
    elif base is str:
        yield 7
        yield from ("",) if metadata(kind, "min_length") or metadata(kind, "pattern") else ()
        yield from ("x" * (most + 1) for most in (metadata(kind, "max_length"),) if most)
        yield from ("\n", "ä b") if metadata(kind, "pattern") else ()
    else:
        yield "many"
        yield from (least - 1 for least in (metadata(kind, "ge"),) if least is not None)
        yield from (most + 1 for most in (metadata(kind, "le"),) if most is not None)
        yield from (1.5,) if base is int else ()
