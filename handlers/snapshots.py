"""SnapStart: a function that starts from a snapshot must renew what has changed since the snapshot was taken.

Connections are closed by then, credentials may have expired, and all copies have the same seed of random numbers (AWS,
"Handling uniqueness with Lambda SnapStart", "Lambda SnapStart runtime hooks for Python").
"""

import os
from collections.abc import Callable

IS_SNAPSHOT = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start"


def after_restore(renew: Callable[[], None]) -> None:
    """Call a function after each restore, in the order of registration. Without SnapStart, there are none."""
    if IS_SNAPSHOT:
        # Part of Lambda's runtime; not imported otherwise, because it would prolong other cold starts.
        from snapshot_restore_py import (  # noqa: PLC0415  # pyright: ignore[reportMissingImports]
            register_after_restore,  # pyright: ignore[reportUnknownVariableType]
        )

        register_after_restore(renew)
