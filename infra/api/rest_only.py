"""The settings that only a REST API supports.

Source: AWS, "Choose between REST APIs and HTTP APIs".
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from handlers.contract import FieldError

REST_ONLY = {
    "usage.plans": "usage plans",
    "usage.keys": "API keys",
    "api.cache": "response cache",
    "api.validateBodies": "request validation",
    "waf.enabled": "web application firewall",
    "functions.tracing": "X-Ray tracing",
}
"""What HTTP APIs lack, by the settings that require it: a field of a group, or a whole group."""


def rest_only_problems(settings: msgspec.Struct) -> Iterator[FieldError]:
    """Yield the settings of an HTTP API that only a REST API supports, unless they have their default values."""
    if _value(settings, "api.flavour") == "rest":
        return
    for key, feature in REST_ONLY.items():
        if _value(settings, key) != _default(type(settings), key):
            yield FieldError(key, f"requires api.flavour: rest; HTTP APIs have no {feature}")


def _value(struct: msgspec.Struct, key: str) -> object:
    """Return the value at a key such as `usage.plans`."""
    name, _, rest = key.partition(".")
    found: Any = getattr(struct, _field(type(struct), name).name)
    return _value(found, rest) if rest else found


def _default(kind: type[msgspec.Struct], key: str) -> object:
    group, _, rest = key.partition(".")
    default = _field(kind, group).default
    return _value(default, rest) if rest else default


def _field(kind: type[msgspec.Struct], name: str) -> msgspec.structs.FieldInfo:
    return next(field for field in msgspec.structs.fields(kind) if field.encode_name == name)
