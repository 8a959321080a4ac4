"""A stack with as many collections as API Gateway takes: it is deployed, and it answers."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.issuer import HOST
from local.provider import Provider
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


@pytest.fixture(scope="module")
def running(project: Path, names: list[str], request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Deploy the collections with a layout, and return the stack's status."""
    assert names
    layout = f"functions.layout={request.param}"
    try:
        local(project, "up", "--detach", f"--port={two_free_ports()}", "--set", layout)
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
    output = local(project, "plan")
    assert all(f" {name}-update" in output for name in names)
    assert "gatehouse: API Gateway will cache one policy for each token and route (authorizer.cacheBy: route)" in output
    assert "301 resources of the REST API, 1 more than AWS's quota of 300: request an increase" in output


@pytest.mark.parametrize("running", ["collection", "single"], indirect=True)
def test_it_is_deployed_and_every_part_of_it_answers(project: Path, names: list[str], running: dict[str, str]) -> None:
    assert running["issuer"].startswith(f"http://{HOST}:")
    with httpx.Client(timeout=60) as http:
        for name in (names[0], names[NUMBER // 2], names[-1]):
            token = local(project, "token", "--scope", f"{name}:read {name}:write").strip()
            other = local(project, "token", "--scope", f"{names[1]}:read").strip()
            url = f"{running['url']}/{name}"
            headers = {"Authorization": f"Bearer {token}"}
            assert first_status(http, url, headers) == 200
            for _cached in range(2):
                assert http.get(url, headers=headers).status_code == 200
                assert http.get(f"{url}/missing", headers=headers).status_code == 404
                assert http.get(url, headers={"Authorization": f"Bearer {other}"}).status_code == 403
            assert http.get(url).status_code == 401


@pytest.mark.parametrize("running", ["single"], indirect=True)
def test_the_last_collections_need_the_managed_policy_of_the_only_role(
    project: Path, names: list[str], running: dict[str, str]
) -> None:
    iam, role = Provider(running["endpoint"]).connection.client("iam"), "gatehouse-local-handlers"
    (policy,) = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert policy["PolicyName"] == f"{role}-1"
    token = local(project, "token", "--scope", f"{names[0]}:read {names[-1]}:read").strip()
    with httpx.Client(timeout=60, headers={"Authorization": f"Bearer {token}"}) as http:

        def statuses() -> list[int]:
            return [http.get(f"{running['url']}/{name}").status_code for name in (names[0], names[-1])]

        assert statuses() == [200, 200]
        iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
        assert statuses() == [200, 500]
        iam.attach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
        assert statuses() == [200, 200]
