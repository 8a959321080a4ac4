"""`python -m local`: see `python -m local --help`."""

import logging
import signal
import sys

# An older Python must be able to read this file and everything above this check.
if sys.version_info < (3, 11):  # noqa: UP036 - an older Python may run this
    sys.exit("gatehouse: Python 3.11 or later is required, found %d.%d" % sys.version_info[:2])  # noqa: UP031

# As long as nothing has been started, Ctrl-C simply ends the process.
signal.signal(signal.SIGINT, signal.SIG_DFL)

try:
    from local.cli import main
except ModuleNotFoundError as missing:
    if missing.name and missing.name.split(".")[0] in ("local", "infra", "handlers", "authorizer"):
        raise
    sys.exit(f"gatehouse: package {missing.name} is not installed; use .venv/bin/python, which `make local` creates")

# Messages of the program (`pulumi.log.info`).
logging.basicConfig(format="gatehouse: %(message)s")
logging.getLogger("local.engine").setLevel(logging.INFO)

sys.exit(main())
