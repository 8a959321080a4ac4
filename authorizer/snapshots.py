"""SnapStart: an authorizer that starts from a snapshot must renew what has changed since the snapshot was taken.

Source: AWS, "Lambda SnapStart runtime hooks for Python".
"""

import os
from collections.abc import Callable

IS_SNAPSHOT = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start"


def after_restore(renew: Callable[[], None]) -> None:
    """Call a function after each restore. Without SnapStart, there are none."""
    if IS_SNAPSHOT:
        # Part of Lambda's runtime; not imported otherwise, because it would prolong other cold starts.
        from snapshot_restore_py import (  # noqa: PLC0415  # pyright: ignore[reportMissingImports]
            register_after_restore,  # pyright: ignore[reportUnknownVariableType]
        )

        register_after_restore(renew)
