"""The OpenAPI document and the running API agree: schemathesis generates requests and checks the responses.

It sends valid and invalid requests, checks each response against the document, follows the links from one operation to
the next, and tries every operation without a token.
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
"""The same requests on every run: about 150 for each operation, including the limits of each parameter and field, and
as many sequences of operations."""

DOCUMENT = schemathesis.openapi.from_path(ROOT / "openapi.json")
DOCUMENT.config.generation.update(deterministic=True)

CHECKS = DOCUMENT.config.checks
# It requires 405 and an Allow header for a method that a path does not have. A REST API of API Gateway treats such a
# method like an unknown path: MISSING_AUTHENTICATION_TOKEN, here 404.
CHECKS.unsupported_method.enabled = False
# Like 404 and 409, which are in the list already, 412 depends on the item's state and not on the request.
CHECKS.positive_data_acceptance.expected_statuses = [*CHECKS.positive_data_acceptance.expected_statuses, "412"]

# The document does not describe the format of a cursor, because cursors are opaque.
IDS = st.text(string.ascii_letters + string.digits, min_size=1, max_size=40)
TIMES = st.integers(0, 2**42).map(timestamp)
schemathesis.openapi.format(CURSOR_FORMAT, st.builds(Position, TIMES, IDS).map(encode_cursor))
# schemathesis 4.32.5 also generates header values without the quotation marks that the pattern requires.
TAGS = type_schema(EntityTags)
schemathesis.openapi.format(TAGS["format"], st.from_regex(TAGS["pattern"], fullmatch=True))


@pytest.fixture(scope="session")
def token(client: Client) -> str:
    return new_token(client)


def new_token(client: Client) -> str:
    """Return a token for a new subject, which has no data."""
    return client.token(f"schemathesis-{uuid.uuid4()}", ttl=3600)


def renew_key(case: schemathesis.Case) -> None:
    """Replace a valid key by a new one, because a key that was used with a different body is rejected."""
    if re.fullmatch(r"[!-~]{1,255}", str(case.headers.get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())


@DOCUMENT.parametrize()
@BOUNDED
def test_every_operation_responds_as_described(case: schemathesis.Case, client: Client, token: str) -> None:
    renew_key(case)
    case.call_and_validate(base_url=client.url, headers={"Authorization": f"Bearer {token}"})


def test_operations_in_any_order_respond_as_described(client: Client) -> None:
    class Walk(DOCUMENT.as_state_machine()):
        """Follows the document's links from one operation to the next, with a new subject each time."""

        def setup(self) -> None:
            self.token = new_token(client)

        def get_call_kwargs(self, case: schemathesis.Case) -> dict[str, Any]:
            renew_key(case)
            return {"base_url": client.url, "headers": {"Authorization": f"Bearer {self.token}"}}

    run_state_machine_as_test(Walk, settings=BOUNDED)
