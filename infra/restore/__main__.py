"""`python -m infra.restore`."""

import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)  # until the restore begins, Ctrl-C simply ends the process

from infra.restore.command import main  # noqa: E402 - importing it takes a second

if __name__ == "__main__":
    sys.exit(main())
