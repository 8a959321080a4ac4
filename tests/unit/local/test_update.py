"""The commands `up` and `preview` of a running stack, as far as they do not depend on an engine."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from local.processes import wait_until
from tests.checkout import checkout

SCRIPT = """#!/bin/sh
case "$2" in
    stack) echo 'encryptionsalt: "v1:x"' > Pulumi.local.yaml
           [ "$3" != export ] || echo '{{}}' > "$8";;
    preview) trap 'echo interrupted >> {calls}; exit 1' INT
             echo started >> {calls}
             i=0; while [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done
             echo completed >> {calls};;
esac
"""


def test_ctrl_c_ends_a_preview_together_with_the_pulumi_cli(tmp_path: Path) -> None:
    root = checkout(tmp_path / "checkout")  # a stack that runs in this one must not be changed
    calls, script = tmp_path / "calls", tmp_path / "pulumi"
    script.write_text(SCRIPT.format(calls=calls))
    script.chmod(0o755)
    with subprocess.Popen(
        [sys.executable, "-m", "local", "preview", "--engine", "pulumi"],
        cwd=root, env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert wait_until(calls.exists, seconds=60)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "gatehouse: interrupted\n")
    assert calls.read_text().splitlines() == ["started", "interrupted"]
