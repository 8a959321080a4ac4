"""Requests for a picture: ordinary ones, mistakes of clients, and an incident in the second half of the run."""

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from local.issuer import TokenRequest
from local.provider.connection import Connection
from local.running_stack import RunningStack

MISSING: Final = "/items/0190d5a0-0000-7000-8000-000000000000"
POLICY: Final = "function"
"""The policy of a function's role, without which it may not read its table."""

PER_SECOND: Final = 12
"""Requests, on average and at most."""

INCIDENT: Final = (0.55, 0.75)
"""When the incident starts and ends, as shares of the run."""


@dataclass(frozen=True)
class Traffic:
    """Sends requests to a running stack, the same ones in every run."""

    stack: RunningStack
    connection: Connection
    http: httpx.Client

    def run(self, seconds: float) -> None:
        """Send requests for so long. In the incident, a function lacks its permission for the table."""
        chosen = random.Random(1)  # noqa: S311 -- the same requests in every run
        role = f"{self.stack.exports['authorizer'].removesuffix('-authorizer')}-items-list"
        started, removed = time.monotonic(), ""
        while (share := (time.monotonic() - started) / seconds) < 1:
            if INCIDENT[0] <= share < INCIDENT[1] and not removed:
                removed = self._remove_policy(role)
            elif share >= INCIDENT[1] and removed:
                self._put_policy(role, removed)
                removed = ""
            chosen.choices(self._requests, weights=(8, 5, 2, 3, 2, 1, 1, 1))[0]()
            time.sleep(chosen.expovariate(PER_SECOND))

    @property
    def _requests(self) -> list[Callable[[], object]]:
        call, token = self._call, self.stack.issuer.token
        ordinary = [token(TokenRequest(subject=name, scope=self._scopes)) for name in ("ann", "ben")]
        return [
            lambda: call("GET", "/items", ordinary[0]),
            lambda: call("POST", "/items", ordinary[0], {"name": "Guide"}),
            lambda: call("GET", "/users", ordinary[1]),
            lambda: call("POST", "/events", ordinary[1], {"name": "Talk", "date": "2026-06-15", "location": "Bern"}),
            lambda: call("GET", MISSING, ordinary[0]),
            lambda: call("POST", "/items", ordinary[0], {"name": ""}),
            lambda: call("GET", "/items", token(TokenRequest(subject="ann", scope=""))),
            lambda: call("GET", "/items", token(TokenRequest(subject="ann", scope=self._scopes, ttl=-60))),
        ]

    @property
    def _scopes(self) -> str:
        return " ".join(f"{name}:{verb}" for name in self.stack.exports["tables"] for verb in ("read", "write"))

    def _call(self, method: str, path: str, token: str, body: Mapping[str, str] | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.http.request(method, f"{self.stack.exports['url']}{path}", headers=headers, json=body)

    def _remove_policy(self, role: str) -> str:
        """Remove a role's permissions, and return them as a policy."""
        client = self.connection.client("iam")
        document = client.get_role_policy(RoleName=role, PolicyName=POLICY)["PolicyDocument"]
        client.delete_role_policy(RoleName=role, PolicyName=POLICY)
        return json.dumps(document)

    def _put_policy(self, role: str, document: str) -> None:
        self.connection.client("iam").put_role_policy(RoleName=role, PolicyName=POLICY, PolicyDocument=document)
