"""A running stack of a checkout, changed by its commands, and a client that calls its API all the while."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import boto3
import httpx
from botocore.config import Config

from local.emulator.launch import DEFAULT_ACCOUNT, DEFAULT_REGION
from local.processes import wait_until
from local.provider.resources import RESOURCE_TYPES

Engine = Literal["local", "pulumi"]
Resource = dict[str, Any]

TABLE = "aws:dynamodb/table:Table"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
LAYER = "aws:lambda/layerVersion:LayerVersion"
PERMISSION = "aws:lambda/permission:Permission"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
API = "aws:apigateway/restApi:RestApi"
DEPLOYMENT = "aws:apigateway/deployment:Deployment"
STAGE = "aws:apigateway/stage:Stage"
METHOD_SETTINGS = "aws:apigateway/methodSettings:MethodSettings"
PLAN = "aws:apigateway/usagePlan:UsagePlan"
KEY = "aws:apigateway/apiKey:ApiKey"
PLAN_KEY = "aws:apigateway/usagePlanKey:UsagePlanKey"


@dataclass(frozen=True)
class Changes:
    """The resources that a deployment created, deleted, replaced and changed: names by type."""

    created: Mapping[str, set[str]]
    deleted: Mapping[str, set[str]]
    replaced: Mapping[str, set[str]]
    updated: Mapping[str, set[str]]


NOTHING = Changes({}, {}, {}, {})


@dataclass
class Deployed:
    """A stack that runs in a checkout, which tests may edit."""

    root: Path
    engine: Engine
    port: int

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `python -m local`."""
        command = [sys.executable, "-m", "local", *arguments]
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False, timeout=300)

    def start(self) -> None:
        """Start the emulator and deploy the stack for the first time."""
        done = self.run("up", "--detach", f"--port={self.port}", f"--engine={self.engine}")
        assert done.returncode == 0, done.stdout + done.stderr

    def up(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Update the running stack."""
        return self.run("up", f"--engine={self.engine}", *arguments)

    def change(self, *arguments: str) -> Changes:
        """Update the running stack, which must succeed, and return what has changed."""
        before = self.resources()
        done = self.up(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return compare(before, self.resources())

    def up_interrupted(self, when: Callable[[], bool]) -> subprocess.CompletedProcess[str]:
        """Update the running stack, and press Ctrl-C as soon as a condition is true."""
        command = [sys.executable, "-m", "local", "up", f"--engine={self.engine}"]
        with subprocess.Popen(
            command, cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            assert wait_until(lambda: when() or process.poll() is not None, seconds=120, interval=0.01)
            process.send_signal(signal.SIGINT)
            try:
                output, errors = process.communicate(timeout=120)
            finally:
                process.kill()
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    @cached_property
    def status(self) -> dict[str, Any]:
        """What `status --json` prints."""
        return json.loads(self.run("status", "--json").stdout)

    def state(self) -> dict[str, Any]:
        """Return the stack's state, in the form of `pulumi stack export`."""
        return json.loads((self.root / ".local" / "stack.json").read_text())

    def resources(self) -> dict[str, Resource]:
        """Return the resources that exist in the emulator, by URN."""
        resources = self.state()["deployment"].get("resources", [])
        assert not [each for each in resources if each.get("delete")]
        return {each["urn"]: each for each in resources if each["type"].startswith("aws:")}

    def client(self, service: str) -> Any:
        """Return a client of an emulated AWS service."""
        return boto3.client(
            service, endpoint_url=self.status["endpoint"], region_name=DEFAULT_REGION,
            aws_access_key_id=DEFAULT_ACCOUNT, aws_secret_access_key="x",
            config=Config(retries={"total_max_attempts": 1}),
        )  # fmt: skip

    def token(self, *arguments: str) -> str:
        """Return a token of the development issuer."""
        return self.run("token", *arguments).stdout.strip()


def compare(before: Mapping[str, Resource], after: Mapping[str, Resource]) -> Changes:
    """Return how the state of a stack has changed."""
    common = [urn for urn in before if urn in after]
    replaced = [urn for urn in common if _is_replaced(before[urn], after[urn])]
    updated = [urn for urn in common if urn not in replaced and _inputs(before[urn]) != _inputs(after[urn])]
    return Changes(
        created=_names([urn for urn in after if urn not in before]),
        deleted=_names([urn for urn in before if urn not in after]),
        replaced=_names(replaced),
        updated=_names(updated),
    )


def _inputs(resource: Resource) -> dict[str, Any]:
    """Return the inputs, with a bundle's hash instead of its path, which a refresh does not keep."""
    code = resource["inputs"].get("code", {})
    return {**resource["inputs"], "code": code.get("hash")}


def _is_replaced(before: Resource, after: Resource) -> bool:
    """Return whether a resource has another id, or inputs that only a new one can have: some ids are their key's."""
    fixed = RESOURCE_TYPES[before["type"]].replaces
    return before["id"] != after["id"] or any(before["inputs"].get(name) != after["inputs"].get(name) for name in fixed)


def _names(urns: list[str]) -> dict[str, set[str]]:
    names: dict[str, set[str]] = {}
    for urn in urns:
        type_, _, name = urn.split("::", 2)[2].rpartition("$")[2].partition("::")
        names.setdefault(type_, set()).add(name)
    return names


@dataclass
class Traffic:
    """A client that lists and writes in a loop, and keeps each unexpected answer."""

    url: str
    token: str
    requests: int = 0
    failures: list[str] = field(default_factory=list[str])
    _stopped: threading.Event = field(default_factory=threading.Event)

    def loop(self) -> None:
        """Call the API until the test has ended."""
        with httpx.Client(headers={"Authorization": f"Bearer {self.token}"}, timeout=30) as http:
            while not self._stopped.is_set():
                self._call(http, "GET", "/items", 200)
                self._call(http, "POST", "/events", 201, json={"name": "n", "date": "2026-01-02", "location": "l"})

    def _call(self, http: httpx.Client, method: str, path: str, status: int, **more: Any) -> None:
        self.requests += 1
        try:
            answer = http.request(method, f"{self.url}{path}", **more)
        except httpx.HTTPError as error:
            self.failures.append(f"{method} {path}: {error!r}")
        else:
            if answer.status_code != status:
                self.failures.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        time.sleep(0.01)

    def stop(self) -> None:
        """End the loop."""
        self._stopped.set()


@contextmanager
def traffic(stack: Deployed) -> Iterator[Traffic]:
    """Call the stack's API in a loop, in a thread. Both functions have answered when the test goes on."""
    client = Traffic(stack.status["url"], stack.token())
    thread = threading.Thread(target=client.loop)
    thread.start()
    try:
        assert wait_until(lambda: client.requests > 2, seconds=60)
        yield client
    finally:
        client.stop()
        thread.join()
