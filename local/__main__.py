"""`python -m local`: see `python -m local --help`."""

import signal
import sys

# Nothing above or in this file may need a newer Python than the check below can complain about.
if sys.version_info < (3, 11):  # noqa: UP036  that is the point
    sys.exit("gatehouse: Python 3.11 or later is needed, this is %d.%d" % sys.version_info[:2])  # noqa: UP031

# Before anything has been started, Ctrl-C just ends the process.
signal.signal(signal.SIGINT, signal.SIG_DFL)

try:
    from local.cli import main
except ModuleNotFoundError as missing:
    if missing.name and missing.name.split(".")[0] in ("local", "infra", "handlers", "authorizer"):
        raise
    sys.exit("gatehouse: this Python has no package %s; `make local` makes .venv/bin/python" % missing.name)  # noqa: UP031

sys.exit(main())
