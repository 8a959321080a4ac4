"""The commands, run like a developer or a script runs them, in a separate checkout."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import httpx
import pytest

from handlers.contract import load_collections, routes
from infra.packaging.bundles import ROOT
from local.processes import wait_until
from local.state_folder import StateFolder
from tests.checkout import checkout
from tests.e2e.conftest import two_free_ports
from tests.pulumi.conftest import NO_CLI


class Project:
    """A checkout and its commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = two_free_ports()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "local", *arguments],
            cwd=self.folder, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def up(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("up", "--detach", "--port", str(self.port), *arguments)

    def status(self) -> dict[str, object]:
        return json.loads(self.run("status", "--json").stdout)

    def processes(self) -> list[int]:
        """Return the processes of this checkout: their command line or working directory contains its path."""
        found: list[int] = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    description = (entry / "cmdline").read_bytes() + str((entry / "cwd").readlink()).encode()
                except OSError:
                    continue
                if str(self.folder).encode() in description:
                    found.append(int(entry.name))
        return found


needs_proc = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc to find processes")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture
def project(folder: Path) -> Iterator[Project]:
    project = Project(folder)
    yield project
    if StateFolder(folder / ".local").holder() is not None:
        project.run("down")


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the only line on standard error of a command that failed."""
    assert done.returncode == 1, done.stdout + done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("gatehouse: ")
    return line


@needs_proc
def test_a_detached_stack_answers_until_it_is_stopped(project: Project) -> None:
    done = project.up()
    assert done.returncode == 0, done.stderr
    status = project.status()
    assert set(status) >= {"url", "issuer", "stack", "functions", "tables"}
    assert status["stack"] == "local"
    token = project.run(
        "token", "--sub", "ann", "--scope", "items:read", "--client", "c", "--ttl", "60", "--alg", "EdDSA"
    )
    assert token.stdout.count("\n") == 1
    answer = httpx.get(f"{status['url']}/items", headers={"Authorization": f"Bearer {token.stdout.strip()}"})
    assert answer.status_code == 200
    assert "Revoked every token that issuer local issued to ann" in project.run("revoke", "--subject", "ann").stdout
    answer = httpx.get(f"{status['url']}/items", headers={"Authorization": f"Bearer {token.stdout.strip()}"})
    assert answer.status_code == 401
    assert "unknown issuer 'x'" in one_line(project.run("revoke", "--subject", "ann", "--issuer", "x"))
    assert project.run("down").returncode == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(str(status["url"]))
    assert wait_until(lambda: project.processes() == [], seconds=20), project.processes()
    assert one_line(project.run("down")) == "gatehouse: no stack is running"
    assert "no stack is running" in one_line(project.run("status", "--json"))
    assert "no stack is running" in one_line(project.run("token"))
    assert "no stack is running" in one_line(project.run("revoke", "--subject", "ann"))


def test_a_second_up_updates_the_running_stack(project: Project) -> None:
    assert project.up().returncode == 0
    started = project.status()
    assert started["engine"] == "local"
    previewed = project.run("preview", "--set", "functions.memory=300").stdout
    assert "memorySize: 256 → 300" in previewed
    assert "no changes" in project.run("preview").stdout
    updated = project.run("up", "--set", "functions.memory=300")
    assert (updated.returncode, updated.stderr) == (0, "")
    assert "memorySize: 256 → 300" in updated.stdout
    assert project.status() == started
    assert "memorySize: 300 → 256" in project.up().stdout  # settings on the command line are those of one run
    line = one_line(project.run("up", "--port", str(project.port + 2)))
    assert line.startswith(f"gatehouse: the stack is up at port {project.port}; to change the port, ")


def test_the_stack_prod_answers_at_the_url_that_is_printed(project: Project) -> None:
    done = project.up("--stack", "prod")
    assert done.returncode == 0, done.stderr
    status = project.status()
    assert (status["stack"], status["domain"]) == ("prod", "https://api.example.com")
    url = project.run("status", "--url").stdout.strip()
    assert f"The stack is up at {url} (" in done.stdout
    assert httpx.get(f"{url}/items").status_code == 401
    headers = {"Authorization": f"Bearer {project.run('token').stdout.strip()}"}
    created = httpx.post(f"{url}/items", headers=headers, json={"name": "a"})
    assert created.status_code == 201
    assert httpx.get(f"{url}/{created.headers['Location']}", headers=headers).json() == created.json()
    assert "no changes" in project.run("preview").stdout
    line = one_line(project.run("up", "--stack", "dev"))
    assert line == "gatehouse: the stack prod is running; stop it with `python -m local down`"


def test_a_preview_of_a_stack_that_is_not_running_creates_everything(project: Project) -> None:
    done = project.run("preview")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^\d{3} to create$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("command", [("up",), ("up", "--detach"), ("preview",)])
def test_a_missing_pulumi_cli_is_reported_in_one_line(
    project: Project, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = os.environ["PATH"].split(os.pathsep)
    without = [folder for folder in folders if not (Path(folder) / "pulumi").exists()]
    monkeypatch.setenv("PATH", os.pathsep.join(without))
    port = () if command == ("preview",) else ("--port", str(project.port))
    line = one_line(project.run(*command, *port, "--engine", "pulumi"))
    assert "`pulumi` is not on PATH; --engine pulumi requires the Pulumi CLI and its Python language host" in line


@needs_proc
@pytest.mark.skipif(shutil.which("pulumi") is None, reason=NO_CLI)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_start_by_the_pulumi_cli_leaves_no_process(project: Project, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "local", "up", "--port", str(project.port), "--engine", "pulumi"]
    with subprocess.Popen(
        command, cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        assert any("aws:dynamodb:Table" in line for line in process.stdout)
        process.send_signal(number)
        process.stdout.read()
        assert process.wait(30) == 0
    assert wait_until(lambda: project.processes() == [], seconds=20), project.processes()


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up_prints_a_sample_request_and_stops_all_its_processes(project: Project, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "local", "up", "--port", str(project.port)],
        cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        lines: list[str] = []
        while not lines or "Ctrl-C" not in lines[-1]:
            lines.append(process.stdout.readline())
            assert lines[-1], "".join(lines)
        (curl,) = [line for line in lines if "curl" in line]
        done = subprocess.run(curl.strip(), shell=True, capture_output=True, text=True, check=True)  # noqa: S602
        assert "200 OK" in done.stdout
        unsigned = re.sub(r"[\w-]+'$", "AAAA'", curl.strip())
        assert "401" in subprocess.run(unsigned, shell=True, capture_output=True, text=True, check=True).stdout  # noqa: S602
        while '"outcome": "unauthorized"' not in lines[-1]:
            lines.append(process.stdout.readline())
            assert lines[-1], "".join(lines)
        process.send_signal(number)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert any('"status": 200' in line for line in lines)
    assert not any("Traceback" in line or "errorMessage" in line for line in lines), "a 401 must not look like a crash"
    assert wait_until(lambda: project.processes() == [], seconds=20), project.processes()
    assert not (project.folder / ".local" / "state.json").exists()


@needs_proc
def test_an_interrupted_detached_start_leaves_no_process(project: Project) -> None:
    log = project.folder / ".local" / "up.log"
    log.unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "local", "up", "--detach", "--port", str(project.port)],
        cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert wait_until(lambda: log.exists() and "emulator" in log.read_text(), seconds=30)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, "gatehouse: interrupted; the stack was not started\n")
    assert wait_until(lambda: project.processes() == [], seconds=20), project.processes()


@needs_proc
def test_after_a_kill_the_status_is_that_of_the_next_stack(project: Project) -> None:
    assert project.up().returncode == 0
    killed = project.status()
    os.kill(cast("int", killed["pid"]), signal.SIGKILL)
    assert wait_until(lambda: len(project.processes()) == 0, seconds=20), project.processes()
    assert (project.folder / ".local" / "state.json").exists()
    done = project.up()
    assert done.returncode == 0, done.stderr
    url = str(project.status()["url"])
    assert url != killed["url"]
    assert url in done.stdout.replace("\n", "")
    assert httpx.get(f"{url}/items").status_code == 401


@needs_proc
def test_a_crash_of_the_emulator_is_reported(project: Project) -> None:
    assert project.up().returncode == 0
    (emulator,) = [
        pid for pid in project.processes() if b"emulator/server.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    os.kill(emulator, signal.SIGKILL)
    assert wait_until(lambda: project.run("status").returncode == 1, seconds=60)
    assert "the emulator exited unexpectedly" in (project.folder / ".local" / "up.log").read_text()
    assert wait_until(lambda: project.processes() == [], seconds=20), project.processes()


def test_a_port_in_use_is_reported_in_one_line(project: Project) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", project.port))
        taken.listen()
        line = one_line(project.run("up", "--port", str(project.port)))
    assert str(project.port) in line
    assert "--port" in line


def test_every_mistake_in_a_stack_file_is_reported(project: Project) -> None:
    file = project.folder / "Pulumi.broken.yaml"
    file.write_text("config:\n  gatehouse:logs: {retentionDays: 45}\n  gatehouse:colour: red\n")
    done = project.run("plan", "--stack", "broken")
    file.unlink()
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for expected in ("gatehouse:logs.retentionDays", "gatehouse:colour", "gatehouse:issuers", "45", "365"):
        assert expected in done.stderr


def test_a_file_that_is_not_yaml_is_reported_in_one_line(project: Project) -> None:
    file = project.folder / "Pulumi.broken.yaml"
    file.write_text("config: [\n")
    done = project.run("plan", "--stack", "broken")
    file.unlink()
    assert "Pulumi.broken.yaml" in one_line(done)


def test_a_plan_with_an_overridden_setting_changes_every_function(project: Project) -> None:
    done = project.run("plan", "--stack", "prod", "--set", "functions.memory=2048", "--json")
    functions = [record for record in json.loads(done.stdout) if record["type"] == "aws:lambda/function:Function"]
    handlers = {f"handler-{route.name}" for route in routes(load_collections())}
    assert len(functions) > len(handlers) > 0
    assert {record["inputs"]["memorySize"] for record in functions} == {2048}


@pytest.mark.parametrize("command", [("plan", "--stack", "prod"), ("up",), ("up", "--detach")])
def test_an_invalid_override_is_reported_with_its_full_key(project: Project, command: tuple[str, ...]) -> None:
    done = project.run(*command, "--set", "functions.size=2048", "--config", 'tags={"team": 3}')
    assert done.returncode == 1
    assert "gatehouse:functions.size: unknown" in done.stderr
    assert "gatehouse:tags.team: " in done.stderr


def test_overridden_settings_apply_to_the_running_stack(project: Project) -> None:
    origin, default = "https://x.example", "http://localhost:3000"
    assert project.up("--set", f'api.corsOrigins=["{origin}"]').returncode == 0
    url = project.status()["url"]
    preflight = {"Access-Control-Request-Method": "GET"}
    allowed, rejected = (
        httpx.options(f"{url}/items", headers={"Origin": each, **preflight}) for each in (origin, default)
    )
    assert allowed.headers["Access-Control-Allow-Origin"] == origin
    assert rejected.headers.get("Access-Control-Allow-Origin") != default


def install(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Create an environment in a folder with nothing else, as `make` does."""
    (folder / "requirements.txt").write_text("no-such-package==1.0\n")
    return subprocess.run(
        ["sh", str(ROOT / "local" / "install.sh"), ".venv", "requirements.txt"],
        cwd=folder, env={"PATH": os.environ["PATH"], **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_an_old_python_is_rejected_in_one_line(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\n[ "$1" = -V ] && echo Python 3.9.1\nexit 1\n')
    python.chmod(0o755)
    assert "Python 3.11 or later is required, found Python 3.9.1" in one_line(install(tmp_path, PYTHON=str(python)))
    assert not (tmp_path / ".venv").exists()


def test_an_unreachable_package_index_is_reported_in_one_line(tmp_path: Path) -> None:
    unreachable = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1",
                   "PIP_CONFIG_FILE": os.devnull}  # fmt: skip
    for _first_then_with_a_partial_environment in range(2):
        done = install(tmp_path, PYTHON=sys.executable, **unreachable)
        assert "the package index cannot be reached" in one_line(done)


def test_an_environment_is_updated_only_if_its_requirements_change(tmp_path: Path) -> None:
    script = ["sh", str(ROOT / "local" / "install.sh"), ".venv", "requirements.txt", "superset.txt"]

    def output() -> str:
        environment = {**os.environ, "PYTHON": sys.executable}
        return subprocess.run(script, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout

    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / "superset.txt").write_text("# other packages\n")
    assert "Installing" in output()
    assert output() == ""
    (tmp_path / "requirements.txt").write_text("# another version\n")
    assert "Installing" in output()
    shutil.copy(tmp_path / "superset.txt", tmp_path / ".venv" / "installed.txt")
    assert output() == ""
    (tmp_path / ".venv" / "bin" / "python").unlink()
    assert "Installing" in output()
    assert output() == ""
