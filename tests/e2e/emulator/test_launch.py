"""Starting and stopping the emulator, without leaving anything behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.emulator.launch import (
    HOST,
    EmulatorExited,
    EmulatorNotReady,
    NotInstalled,
    PortInUse,
    environment,
    start,
)
from tests.e2e.emulator.sandbox import Sandbox, eventually

if TYPE_CHECKING:
    from local.emulator.launch import Options

BUSY = """
import os, sys, threading
def handler(event, context):
    print(f"pid={os.getpid()}", file=sys.stderr)
    while event == "stay":
        pass
    return os.getpid()
"""

STARTER = """
import sys, time
from pathlib import Path
from local.emulator.launch import Options, start
emulator = start(Options(state=Path(sys.argv[1]), port=int(sys.argv[2])))
print(emulator.pid, flush=True)
time.sleep(60)
"""


def is_alive(pid: int) -> bool:
    """Return whether a process exists and is not a zombie."""
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return found.stdout.strip()[:1] not in ("", "Z")


def temporary_files() -> set[str]:
    """Return MiniStack's files in the system's temporary folder."""
    return {entry.name for entry in Path(tempfile.gettempdir()).glob("*ministack*")}


def busy_worker(sandbox: Sandbox) -> int:
    """Start an invocation that never ends, and return the process id of its worker."""
    function = sandbox.function(BUSY, Timeout=60)
    sandbox.functions.invoke(FunctionName=function.name, Payload='"stay"', InvocationType="Event")
    printed = f"{function.name} | pid="
    assert eventually(lambda: printed in sandbox.functions_log(), seconds=20)
    return int(sandbox.functions_log().partition(printed)[2].split()[0])


class TestStopping:
    def test_its_workers_exit_and_it_leaves_files_only_in_its_state_folder(self, options: Options) -> None:
        before = temporary_files()
        with start(options) as emulator:
            with closing(Sandbox(emulator)) as sandbox:
                idle = sandbox.invoke(sandbox.function(BUSY))
                busy = busy_worker(sandbox)
            assert is_alive(idle)
            assert is_alive(busy)
        assert not is_alive(emulator.pid)
        assert eventually(lambda: not is_alive(idle) and not is_alive(busy), seconds=20)
        assert temporary_files() == before
        assert sorted(entry.name for entry in options.state.iterdir()) == [
            "data",
            "emulator.log",
            "functions.log",
            "s3",
        ]

    def test_it_can_be_stopped_twice(self, options: Options) -> None:
        emulator = start(options)
        emulator.stop()
        emulator.stop()
        assert not emulator.running

    def test_its_port_is_free_immediately(self, options: Options) -> None:
        for _ in range(2):
            with start(options) as emulator:
                assert emulator.running

    def test_the_workers_of_a_killed_emulator_exit(self, options: Options) -> None:
        with start(options) as emulator:
            with closing(Sandbox(emulator)) as sandbox:
                busy = busy_worker(sandbox)
            os.kill(emulator.pid, signal.SIGKILL)
            assert eventually(lambda: not is_alive(busy), seconds=20)
            assert not emulator.running

    def test_it_exits_with_the_process_that_started_it(self, options: Options) -> None:
        command = [sys.executable, "-c", STARTER, str(options.state), str(options.port)]
        root = Path(__file__).parents[3]
        with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as starter:
            assert starter.stdout is not None
            pid = int(starter.stdout.readline())
            starter.kill()
        assert eventually(lambda: not is_alive(pid), seconds=20)


class TestFailing:
    def test_a_missing_virtual_environment_is_reported(self, options: Options, tmp_path: Path) -> None:
        with pytest.raises(NotInstalled, match="nowhere"):
            start(replace(options, python=tmp_path / "nowhere"))

    def test_a_port_in_use_is_reported(self, options: Options) -> None:
        with socket.socket() as other:
            other.bind((HOST, options.port))
            other.listen()
            with pytest.raises(PortInUse, match=str(options.port)):
                start(options)

    def test_a_process_that_exits_is_reported_immediately_with_its_last_log_lines(self, options: Options) -> None:
        started = time.monotonic()
        with pytest.raises(EmulatorExited, match="no such correction: nonsense") as error:
            start(replace(options, without=("nonsense",)))
        assert error.value.return_code == 1
        assert time.monotonic() - started < options.ready_seconds / 2

    def test_a_process_that_does_not_answer_is_stopped(self, options: Options, tmp_path: Path) -> None:
        silent = tmp_path / "silent"
        silent.write_text("#!/bin/sh\necho $$\nexec sleep 60\n")
        silent.chmod(0o755)
        with pytest.raises(EmulatorNotReady) as error:
            start(replace(options, python=silent, ready_seconds=0.3))
        assert not is_alive(int(error.value.log))


class TestEnvironment:
    def test_it_does_not_inherit_the_developers_environment(
        self, options: Options, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "PYTHONPATH", "VIRTUAL_ENV", "PERSIST_STATE", "USE_SSL"):
            monkeypatch.setenv(name, "1")
        variables = environment(options)
        assert "1" not in variables.values()
        assert {name for name in variables if name.startswith(("AWS_", "PYTHON"))} == set()

    def test_the_number_of_its_account_is_the_access_key_of_the_root_user(self, options: Options) -> None:
        with start(replace(options, account="123456789012")) as emulator, closing(Sandbox(emulator)) as sandbox:
            caller = sandbox.client("sts").get_caller_identity()
        assert caller["Arn"] == "arn:aws:iam::123456789012:root"
