"""DynamoDB Local is restricted to this machine, and tests do not see each other's data."""

import socket
from urllib.parse import urlsplit

import pytest

from local.emulator.launch import DEFAULT_REGION
from local.provider.connection import Connection

pytestmark = pytest.mark.java


def answer(url: str, source: str) -> bytes:
    """Return the first bytes of a response to a request from an address of this machine."""
    endpoint = urlsplit(url)
    with socket.create_connection(("127.0.0.1", endpoint.port or 0), 5, source_address=(source, 0)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return connection.recv(8)


def test_connections_from_other_addresses_are_closed(dynamodb_local_url: str) -> None:
    """127.0.0.2 stands for another machine: the server listens on all addresses, and a policy permits 127.0.0.1."""
    assert answer(dynamodb_local_url, "127.0.0.1") == b"HTTP/1.1"
    try:
        received = answer(dynamodb_local_url, "127.0.0.2")
    except ConnectionError:
        received = b""
    assert received == b""


def test_each_access_key_and_region_has_a_database(dynamodb_local_url: str) -> None:
    first, key, region = (
        Connection(dynamodb_local_url, region, key).client("dynamodb")
        for region, key in ((DEFAULT_REGION, "first"), (DEFAULT_REGION, "second"), ("eu-central-1", "first"))
    )
    schema = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    first.create_table(
        TableName="table", AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], **schema
    )
    assert [each.list_tables()["TableNames"] for each in (first, key, region)] == [["table"], [], []]
