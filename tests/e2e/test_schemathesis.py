"""The OpenAPI document and the running API agree: schemathesis generates requests and checks the responses.

It sends valid and invalid requests, checks each response against the document, follows the links from one operation to
the next, and tries every operation without a token.
"""

import re
import string
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from handlers.clock import timestamp
from handlers.contract import Collection, load_collections, routes
from handlers.contract.entity_tags import EntityTags
from handlers.cursor import encode_cursor
from handlers.errors import BadRequest
from handlers.list_parameters import selection_of
from handlers.selection import Selection
from handlers.store import Position
from infra.documents.response_schemas import CURSOR_FORMAT
from infra.documents.schemas import type_schema
from infra.packaging.bundles import ROOT
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

COLLECTIONS = {route.path: route.collection for route in routes(load_collections()) if route.query_parameters}
"""The collections by the paths of their lists."""

DOCUMENT = schemathesis.openapi.from_path(ROOT / "openapi.json")
DOCUMENT.config.generation.update(deterministic=True)

CHECKS = DOCUMENT.config.checks
# It requires 405 and an Allow header for a method that a path does not have. A REST API of API Gateway treats such a
# method like an unknown path: MISSING_AUTHENTICATION_TOKEN, here 404.
CHECKS.unsupported_method.enabled = False
# Like 404 and 409, which are in the list already, 412 depends on the item's state and not on the request.
CHECKS.positive_data_acceptance.expected_statuses = [*CHECKS.positive_data_acceptance.expected_statuses, "412"]

# The document does not describe the format of a cursor, because cursors are opaque. `possible_list` replaces these ids.
schemathesis.openapi.format(CURSOR_FORMAT, st.text(string.ascii_letters + string.digits, min_size=1, max_size=40))
# schemathesis 4.32.5 also generates header values without the quotation marks that the pattern requires.
TAGS = type_schema(EntityTags)
schemathesis.openapi.format(TAGS["format"], st.from_regex(TAGS["pattern"], fullmatch=True))


@pytest.fixture(scope="session")
def subject() -> str:
    return new_subject()


@pytest.fixture(scope="session")
def token(client: Client, subject: str) -> str:
    return client.token(subject, ttl=3600)


def new_subject() -> str:
    """Return a subject that has no data."""
    return f"schemathesis-{uuid.uuid4()}"


def renew_key(case: schemathesis.Case) -> None:
    """Replace a valid key by a new one, because a key that was used with a different body is rejected."""
    if re.fullmatch(r"[!-~]{1,255}", str(case.headers.get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())


def possible_list(case: schemathesis.Case, subject: str) -> None:
    """Make valid parameters of a list possible together, which a document cannot require.

    A list has an index for some combinations of filters only, a range must not end before it starts, and a cursor
    belongs to one list of one owner.
    """
    collection = COLLECTIONS.get(case.operation.path)
    if collection is None or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    cursor = case.query.pop("cursor", None)
    while (selection := selection_or_none(case.query, collection)) is None:
        last = [name for name in case.query if name != "limit"][-1]
        del case.query[last]
    if cursor is not None:
        sort_value = selection.lowest or selection.highest or timestamp(0)
        # A valid id for any text: examples are used once for each flavour, so a text may be such a cursor already.
        item_id = str(uuid.uuid5(uuid.NAMESPACE_OID, str(cursor)))
        case.query["cursor"] = encode_cursor(Position(sort_value, item_id), selection, f"local|{subject}")


def selection_or_none(query: Mapping[str, Any], collection: Collection) -> Selection | None:
    try:
        return selection_of({name: str(value) for name, value in query.items()}, collection)
    except BadRequest:
        return None


@DOCUMENT.parametrize()
@BOUNDED
def test_every_operation_responds_as_described(
    case: schemathesis.Case, client: Client, subject: str, token: str
) -> None:
    renew_key(case)
    possible_list(case, subject)
    case.call_and_validate(base_url=client.url, headers={"Authorization": f"Bearer {token}"})


def test_operations_in_any_order_respond_as_described(client: Client) -> None:
    class Walk(DOCUMENT.as_state_machine()):
        """Follows the document's links from one operation to the next, with a new subject each time."""

        def setup(self) -> None:
            self.subject = new_subject()
            self.token = client.token(self.subject, ttl=3600)

        def get_call_kwargs(self, case: schemathesis.Case) -> dict[str, Any]:
            renew_key(case)
            possible_list(case, self.subject)
            return {"base_url": client.url, "headers": {"Authorization": f"Bearer {self.token}"}}

    run_state_machine_as_test(Walk, settings=BOUNDED)
