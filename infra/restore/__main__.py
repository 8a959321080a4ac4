"""`python -m infra.restore`."""

import sys

from infra.restore.command import main

if __name__ == "__main__":
    sys.exit(main())
