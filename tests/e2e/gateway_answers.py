"""The answers of API Gateway itself, which differ between the flavours. All other responses are the same."""

from dataclasses import dataclass
from typing import Any

import httpx

PROBLEM_JSON = "application/problem+json"
CHALLENGE = 'Bearer realm="gatehouse-local-api", error="{}"'


@dataclass(frozen=True)
class GatewayAnswer:
    """An answer. `body` contains the members that are compared, all of them for an HTTP API."""

    status: int
    body: dict[str, Any]
    media_type: str = PROBLEM_JSON
    challenge: str | None = None


def problem(status: int, slug: str, challenge: str | None = None) -> GatewayAnswer:
    body = {"type": f"urn:gatehouse:problem:{slug}", "status": status}
    return GatewayAnswer(status, body, challenge=CHALLENGE.format(challenge) if challenge else None)


def message(status: int, text: str) -> GatewayAnswer:
    return GatewayAnswer(status, {"message": text}, "application/json")


ANSWERS = {
    "invalid token": {"rest": problem(401, "invalid-token", "invalid_token"), "http": message(401, "Unauthorized")},
    "missing scope": {
        "rest": problem(403, "insufficient-scope", "insufficient_scope"),
        "http": message(403, "Forbidden"),
    },
    "unknown path": {"rest": problem(404, "not-found"), "http": message(404, "Not Found")},
    "unavailable authorizer": {"rest": problem(503, "unavailable"), "http": message(500, "Internal Server Error")},
}


def assert_answer(answer: httpx.Response, name: str, flavour: str) -> None:
    """Check that a response is the one of this name."""
    expected = ANSWERS[name][flavour]
    assert answer.status_code == expected.status, answer.text
    assert answer.headers["Content-Type"] == expected.media_type
    assert answer.headers.get("WWW-Authenticate") == expected.challenge
    body = answer.json() if answer.request.method != "HEAD" else expected.body
    assert expected.body.items() <= body.items()
    assert flavour == "rest" or body == expected.body
