"""Where moto and the local emulator differ from Amazon's own engine; docs/verified.md lists it.

All other tests rely on the imitations only for what is equal here, or run with the real engine too.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto import mock_aws

from local.emulator.launch import DEFAULT_ACCOUNT, DEFAULT_REGION, Options, free_port, start
from local.provider.connection import Connection
from tests.dynamodb import probes
from tests.dynamodb.tables import create_table

pytestmark = pytest.mark.java

TABLE = "gatehouse-test-probes"
INVALID = "ValidationException"
TOO_LARGE = f"{INVALID}: Item size has exceeded the maximum allowed size"
CANCELED = "TransactionCanceledException"
MISMATCH = "IdempotentParameterMismatchException"

EQUAL: dict[Callable[..., Any], Any] = {
    probes.a_consistent_query_of_an_index: INVALID,
    probes.an_empty_key_of_an_index: INVALID,
    probes.a_put_of_too_large_an_item: TOO_LARGE,
    probes.an_update_to_too_large_an_item: f"{INVALID}: Item size to update has exceeded the maximum allowed size",
    probes.a_transaction_with_too_large_an_item: TOO_LARGE,
    probes.the_item_of_a_failed_transaction: [None, {"S": "b"}],
    probes.duplicate_keys_in_a_batch: INVALID,
}
"""What all three do; of an error, the code and the part of the message that handlers read."""

DIFFERENT: dict[Callable[..., Any], tuple[Any, Any, Any]] = {
    probes.equal_sort_keys_are_in_order_of_ids: (False, True, True),
    probes.a_full_last_page_has_a_next_page: (True, True, False),
    probes.a_start_key_of_another_partition: (INVALID, INVALID, "none"),
    probes.a_start_key_without_the_indexs_key: (INVALID, INVALID, "none"),
    probes.an_unused_value: (INVALID, INVALID, "none"),
    probes.a_long_key_of_an_index: (INVALID, "none", INVALID),
    probes.a_number_with_39_digits: (INVALID, INVALID, "none"),
    probes.a_transaction_with_one_item_twice: (CANCELED, INVALID, INVALID),
    probes.a_repeated_transaction: ("none", "none", CANCELED),
    probes.another_transaction_with_the_same_token: (MISMATCH, MISMATCH, "none"),
}
"""What Amazon's engine, the emulator and moto do, in this order."""

DATABASES = ("dynamodb-local", "emulator", "moto")


@pytest.fixture(scope="module", params=DATABASES)
def endpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A database and its URL."""
    match request.param:
        case "emulator":
            with start(Options(state=tmp_path_factory.mktemp("emulator"), port=free_port())) as emulator:
                yield request.param, emulator.endpoint_url
        case "moto":
            with mock_aws():
                yield request.param, f"https://dynamodb.{DEFAULT_REGION}.amazonaws.com"
        case _:
            yield request.param, request.getfixturevalue("dynamodb_local_url")


@pytest.mark.parametrize("probe", [*EQUAL, *DIFFERENT], ids=lambda probe: probe.__name__)
def test_each_database_does_what_is_documented(endpoint: tuple[str, str], probe: Callable[..., Any]) -> None:
    database, url = endpoint
    expected = EQUAL[probe] if probe in EQUAL else DIFFERENT[probe][DATABASES.index(database)]
    create_table("users", TABLE, url)
    client = Connection(url, DEFAULT_REGION, DEFAULT_ACCOUNT).client("dynamodb")
    try:
        found = probe(client, TABLE)
    finally:
        client.delete_table(TableName=TABLE)
    if isinstance(expected, str):
        assert found.startswith(expected), found
    else:
        assert found == expected
