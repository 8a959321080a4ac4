"""The commands, run as people and scripts run them, in a checkout of their own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import httpx
import pytest

from handlers.contract import Collection, routes
from infra.bundles import ROOT
from local.waiting import wait_until
from tests.checkout import checkout
from tests.e2e.conftest import two_free_ports


class Project:
    """A checkout, and its commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = two_free_ports()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "local", *arguments],
            cwd=self.folder, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def up(self) -> subprocess.CompletedProcess[str]:
        return self.run("up", "--detach", "--port", str(self.port))

    def status(self) -> dict[str, object]:
        return json.loads(self.run("status", "--json").stdout)

    def processes(self) -> list[int]:
        """Every process that was started from this checkout: they all name it in their command line or folder."""
        found: list[int] = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    told = (entry / "cmdline").read_bytes() + str((entry / "cwd").readlink()).encode()
                except OSError:
                    continue
                if str(self.folder).encode() in told:
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
    project.run("down")


def one_line(done: subprocess.CompletedProcess[str], status: int = 1) -> str:
    """The one line on standard error of a command that failed as it should."""
    assert done.returncode == status, done.stdout + done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("gatehouse: ")
    return line


@needs_proc
def test_a_detached_stack_answers_until_it_is_taken_down(project: Project) -> None:
    start = time.perf_counter()
    done = project.up()
    assert done.returncode == 0, done.stderr
    assert time.perf_counter() - start < 60
    status = project.status()
    assert set(status) >= {"url", "issuer", "stack", "functions", "tables"}
    assert status["stack"] == "local"
    token = project.run(
        "token", "--sub", "ann", "--scope", "items:read", "--client", "c", "--ttl", "60", "--alg", "EdDSA"
    )
    assert token.stdout.count("\n") == 1
    answer = httpx.get(f"{status['url']}/items", headers={"Authorization": f"Bearer {token.stdout.strip()}"})
    assert answer.status_code == 200
    assert "of ann that issuer local issued" in project.run("revoke", "--subject", "ann").stdout
    answer = httpx.get(f"{status['url']}/items", headers={"Authorization": f"Bearer {token.stdout.strip()}"})
    assert answer.status_code == 401
    assert "no issuer 'x'" in one_line(project.run("revoke", "--subject", "ann", "--issuer", "x"))
    assert "already" in one_line(project.up())
    assert project.run("down").returncode == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(str(status["url"]))
    assert wait_until(lambda: project.processes() == [], seconds=5), project.processes()
    assert one_line(project.run("down")) == "gatehouse: nothing is up"
    assert "nothing is up" in one_line(project.run("status", "--json"))
    assert "nothing is up" in one_line(project.run("token"))
    assert "nothing is up" in one_line(project.run("revoke", "--subject", "ann"))


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_foreground_prints_how_to_call_it_and_ends_with_all_it_started(
    project: Project, number: signal.Signals
) -> None:
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
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert any('"status": 200' in line for line in lines)
    assert not any("Traceback" in line or "errorMessage" in line for line in lines), "a 401 is no crash"
    assert wait_until(lambda: project.processes() == [], seconds=5), project.processes()
    assert not (project.folder / ".local" / "state.json").exists()


@needs_proc
def test_an_interrupted_start_in_the_background_starts_nothing(project: Project) -> None:
    log = project.folder / ".local" / "up.log"
    log.unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "local", "up", "--detach", "--port", str(project.port)],
        cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert wait_until(lambda: log.exists() and "emulator" in log.read_text(), seconds=30)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=15)
    assert (process.returncode, said) == (130, "gatehouse: interrupted; the stack was not started\n")
    assert wait_until(lambda: project.processes() == [], seconds=5), project.processes()


@needs_proc
def test_after_a_kill_the_next_stack_is_told_of_and_not_the_last(project: Project) -> None:
    assert project.up().returncode == 0
    killed = project.status()
    os.kill(cast("int", killed["pid"]), signal.SIGKILL)
    assert wait_until(lambda: len(project.processes()) == 0, seconds=10), project.processes()
    assert (project.folder / ".local" / "state.json").exists()
    done = project.up()
    assert done.returncode == 0, done.stderr
    url = str(project.status()["url"])
    assert url != killed["url"]
    assert url in done.stdout.replace("\n", "")
    assert httpx.get(f"{url}/items").status_code == 401


@needs_proc
def test_a_crash_of_the_emulator_is_noticed_and_said(project: Project) -> None:
    assert project.up().returncode == 0
    (emulator,) = [
        pid for pid in project.processes() if b"emulator/server.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    os.kill(emulator, signal.SIGKILL)
    assert wait_until(lambda: project.run("status").returncode == 1, seconds=10)
    assert "the emulator ended by itself" in (project.folder / ".local" / "up.log").read_text()
    assert wait_until(lambda: project.processes() == [], seconds=5), project.processes()


def test_a_port_in_use_is_one_line(project: Project) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", project.port))
        taken.listen()
        line = one_line(project.run("up", "--port", str(project.port)))
    assert str(project.port) in line
    assert "--port" in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("up", "--port", "80"), "1024 to 65534"),
        (("up", "--port", "many"), "1024 to 65534"),
        (("token", "--alg", "none"), "ES256"),
        (("token", "--claim", "x"), "K=V"),
        (("token", "--ttl", "long"), "--ttl"),
        (("fly",), "fly"),
        ((), "COMMAND"),
    ],
)
def test_a_wrong_argument_is_one_line_and_status_2(project: Project, arguments: tuple[str, ...], said: str) -> None:
    assert said in one_line(project.run(*arguments), 2)


def test_a_wrong_stack_file_names_every_mistake(project: Project) -> None:
    file = project.folder / "Pulumi.broken.yaml"
    file.write_text("config:\n  gatehouse:logs: {retentionDays: 45}\n  gatehouse:colour: red\n")
    done = project.run("plan", "--stack", "broken")
    file.unlink()
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for said in ("gatehouse:logs.retentionDays", "gatehouse:colour", "gatehouse:issuers", "45", "365"):
        assert said in done.stderr


def test_a_file_that_is_no_yaml_is_one_line(project: Project) -> None:
    file = project.folder / "Pulumi.broken.yaml"
    file.write_text("config: [\n")
    done = project.run("plan", "--stack", "broken")
    file.unlink()
    assert "Pulumi.broken.yaml" in one_line(done)


def test_an_old_python_is_refused_in_one_line(project: Project) -> None:
    code = (
        "import sys, runpy; sys.version_info = (3, 9, 1, 'final', 0);"
        "sys.argv = ['environments.py', 'program'];"
        "runpy.run_path('local/environments.py', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=project.folder, capture_output=True, text=True, check=False)
    assert "Python 3.11 or later is needed, this is 3.9" in one_line(done)


def test_an_unreachable_registry_is_one_line(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "fresh"
    (folder / "local").mkdir(parents=True)
    for name in ("environments.py", "requirements.txt"):
        (folder / "local" / name).write_bytes((project.folder / "local" / name).read_bytes())
    environment = {"PATH": os.environ["PATH"], "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0",
                   "PIP_NO_CACHE_DIR": "1", "PIP_CONFIG_FILE": os.devnull}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "local/environments.py", "program"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    line = one_line(done)
    assert "package index cannot be reached" in line


def test_the_documented_walk_through_does_what_it_says(project: Project) -> None:
    page = (project.folder / "docs" / "getting-started.md").read_text()
    script = page.partition("<!-- walkthrough -->\n```sh\n")[2].partition("```")[0]
    table = page.partition("<!-- answers -->\n")[2].partition("\n\n")[0]
    expected = re.findall(r"\| ([1-5][0-9]{2})\b", table)
    assert expected == ["201", "200", "400", "401", "403"]
    assert project.up().returncode == 0
    done = subprocess.run(["bash", "-euc", script], cwd=project.folder, capture_output=True, text=True, check=True)
    assert re.findall(r"HTTP/1\.1 (\d+)", done.stdout) == expected


@pytest.mark.parametrize("page", ["README.md", "docs/collections.md"])
def test_the_documented_collection_is_one(page: str) -> None:
    code = (ROOT / page).read_text().partition("<!-- collection -->\n```python\n")[2].partition("```")[0]
    module: dict[str, object] = {"__name__": "invoices"}
    exec(code, module)  # noqa: S102  it is ours
    assert routes([cast("Collection", module["COLLECTION"])])[0].path == "/invoices"
