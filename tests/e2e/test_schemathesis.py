"""The published document and the running API agree: schemathesis makes requests from the one and judges the other.

Its requests are both as the document says and not; it knows what API Gateway, the authorizer and the handlers have to
answer to each, follows the links from one operation to the next, and tries every operation without a token.
"""

import re
import string
import uuid
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from handlers.clock import timestamp
from handlers.contract.entity_tags import EntityTags
from handlers.cursor import encode_cursor
from handlers.store import Position
from infra.bundles import ROOT
from infra.documents.response_schemas import CURSOR_FORMAT
from infra.documents.schemas import type_schema
from tests.e2e.conftest import Client

BOUNDED = settings(
    max_examples=40,
    stateful_step_count=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
"""The same requests on every run: some 150 for each operation, for its parameters and body one by one at their limits
and these more, and as many walks."""

DOCUMENT = schemathesis.openapi.from_path(ROOT / "openapi.json")
DOCUMENT.config.generation.update(deterministic=True)

CHECKS = DOCUMENT.config.checks
# It wants 405 and an Allow header for a method that a path does not have. REST APIs of API Gateway cannot tell such a
# method from a path that is not there: both are MISSING_AUTHENTICATION_TOKEN, here 404. Only methods of our own that
# answer 405 could, for each path and method one, without an authorizer.
CHECKS.unsupported_method.enabled = False
# Like 404 and 409, which are in the list already, 412 is about the item's state and not about how a request is made.
CHECKS.positive_data_acceptance.expected_statuses = [*CHECKS.positive_data_acceptance.expected_statuses, "412"]

# The document says of a cursor only that it is one: what it looks like is no promise.
IDS = st.text(string.ascii_letters + string.digits, min_size=1, max_size=40)
TIMES = st.integers(0, 2**42).map(timestamp)
schemathesis.openapi.format(CURSOR_FORMAT, st.builds(Position, TIMES, IDS).map(encode_cursor))
# In a header, schemathesis 4.32.5 does not see that a pattern with quotes leaves no room for a text without them.
TAGS = type_schema(EntityTags)
schemathesis.openapi.format(TAGS["format"], st.from_regex(TAGS["pattern"], fullmatch=True))


@pytest.fixture(scope="session")
def token(client: Client) -> str:
    return new_token(client)


def new_token(client: Client) -> str:
    """The token of a subject that has no data yet."""
    return client.token(f"schemathesis-{uuid.uuid4()}", ttl=3600)


def renew_key(case: schemathesis.Case) -> None:
    """Gives the request a key of its own: one that came with another body before is rightly refused."""
    if re.fullmatch(r"[!-~]{1,255}", str(case.headers.get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())


@DOCUMENT.parametrize()
@BOUNDED
def test_every_operation_answers_as_it_is_described(case: schemathesis.Case, client: Client, token: str) -> None:
    renew_key(case)
    case.call_and_validate(base_url=client.url, headers={"Authorization": f"Bearer {token}"})


def test_operations_in_any_order_answer_as_they_are_described(client: Client) -> None:
    class Walk(DOCUMENT.as_state_machine()):
        """From an operation to the next, by the links of the document, each time for another subject."""

        def setup(self) -> None:
            self.token = new_token(client)

        def get_call_kwargs(self, case: schemathesis.Case) -> dict[str, Any]:
            renew_key(case)
            return {"base_url": client.url, "headers": {"Authorization": f"Bearer {self.token}"}}

    run_state_machine_as_test(Walk, settings=BOUNDED)
