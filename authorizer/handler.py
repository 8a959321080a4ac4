"""The Lambda entry point. What takes longest begins first, before other modules are imported."""

import gc
from collections.abc import Mapping
from typing import Any

from authorizer import settings_file
from authorizer.http import tls

if settings_file.keys_come_over_https():
    tls.load_ahead()

from authorizer.startup import LazyAuthorizer

_authorizer = LazyAuthorizer()
_authorizer.warm()
gc.freeze()
gc.enable()


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """What Lambda calls. Raises Exception("Unauthorized") for 401 and Fault for 503."""
    return _authorizer(event, context)
