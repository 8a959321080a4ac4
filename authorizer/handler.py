"""The Lambda entry point. The slowest part of a cold start begins first, before other modules are imported."""

import gc
from collections.abc import Mapping
from typing import Any

from authorizer import settings_file, snapshots
from authorizer.http import tls

if settings_file.fetches_over_https():
    tls.preload()

from authorizer.startup import LazyAuthorizer

_authorizer = LazyAuthorizer()
_authorizer.warm_up()
snapshots.after_restore(_authorizer.renew)
gc.freeze()
gc.enable()


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Return the policy for an event. Raises Exception("Unauthorized") for 401 and Fault for 503."""
    return _authorizer(event, context)
