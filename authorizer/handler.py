"""The Lambda entry point."""

from collections.abc import Mapping
from typing import Any

from authorizer.startup import LazyAuthorizer

_authorizer = LazyAuthorizer()
_authorizer.warm()


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """What Lambda calls. Raises Exception("Unauthorized") for 401 and Fault for 503."""
    return _authorizer(event, context)
