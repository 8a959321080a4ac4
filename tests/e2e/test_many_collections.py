"""A stack with as many collections as API Gateway takes: it is deployed, and it answers."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from local.issuer import HOST
from tests.checkout import checkout, with_collections
from tests.e2e.conftest import two_free_ports

NUMBER = 150


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkout(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def names(project: Path) -> list[str]:
    return with_collections(project, NUMBER)


def local(project: Path, *arguments: str) -> str:
    """Run a command in the copy of the project, and return its output."""
    command = [sys.executable, "-m", "local", *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@contextmanager
def running(project: Path) -> Iterator[dict[str, str]]:
    local(project, "up", "--detach", f"--port={two_free_ports()}", "--set", "functions.layout=collection")
    try:
        yield json.loads(local(project, "status", "--json"))
    finally:
        local(project, "down")


def first_status(http: httpx.Client, url: str, headers: dict[str, str]) -> int:
    """Return the status of a first request, which is retried while the authorizer starts, as Retry-After asks for."""
    answer = http.get(url, headers=headers)
    for _ in range(5):
        if answer.status_code == 503:
            time.sleep(int(answer.headers["Retry-After"]))
            answer = http.get(url, headers=headers)
    return answer.status_code


def test_it_is_planned_and_the_plan_says_what_policies_are_cached_by(project: Path, names: list[str]) -> None:
    said = local(project, "plan")
    assert all(f" {name}-update" in said for name in names)
    assert "gatehouse: API Gateway will cache one policy for each token and route (authorizer.cacheBy: route)" in said
    assert "301 resources of the REST API, 1 more than AWS's quota of 300: request an increase" in said


def test_it_is_deployed_and_every_part_of_it_answers(project: Path, names: list[str]) -> None:
    with running(project) as status, httpx.Client(timeout=60) as http:
        assert status["issuer"].startswith(f"http://{HOST}:")
        for name in (names[0], names[NUMBER // 2], names[-1]):
            token = local(project, "token", "--scope", f"{name}:read {name}:write").strip()
            other = local(project, "token", "--scope", f"{names[1]}:read").strip()
            url = f"{status['url']}/{name}"
            headers = {"Authorization": f"Bearer {token}"}
            assert first_status(http, url, headers) == 200
            for _cached in range(2):
                assert http.get(url, headers=headers).status_code == 200
                assert http.get(f"{url}/missing", headers=headers).status_code == 404
                assert http.get(url, headers={"Authorization": f"Bearer {other}"}).status_code == 403
            assert http.get(url).status_code == 401
