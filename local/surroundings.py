"""What a Pulumi program finds around itself."""

import contextlib
import os
import sys
from collections.abc import Generator
from pathlib import Path


@contextlib.contextmanager
def surroundings(root: Path) -> Generator[None]:
    """What a program finds under the CLI: its folder as the working directory and first on the import path.

    Settings of Pulumi and AWS in the developer's environment are out of sight, so that a plan is the same everywhere.
    """
    environment, folder, path = dict(os.environ), Path.cwd(), list(sys.path)
    for name in environment:
        if name.startswith(("PULUMI_", "AWS_")):
            del os.environ[name]
    os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"  # f"{output}" raises instead of reaching an ARN
    os.chdir(root)
    sys.path.insert(0, str(root))
    try:
        yield
    finally:
        sys.path[:] = path
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
