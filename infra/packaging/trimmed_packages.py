"""botocore and msgspec without what Lambda functions do not use, because every cold start reads and imports the rest.

Removed from botocore: the descriptions of all services except DynamoDB, DynamoDB's documentation and the code that
renders it, and optional modules of urllib3 and dateutil. Files that each start reads are not compressed.
"""

import gzip
import json
from collections.abc import Mapping
from typing import Any

SERVICE = "dynamodb"
ENDPOINTS = "botocore/data/endpoints.json"

BOTOCORE_EXCLUDED = (
    "botocore/data/*", "botocore/docs/*", "botocore/.changes/*",
    "urllib3/contrib/pyopenssl.py", "dateutil/tz/win.py", "dateutil/zoneinfo/*",  # optional imports
)  # fmt: skip
BOTOCORE_INCLUDED = (
    f"botocore/data/{SERVICE}/2012-08-10/service-2.json.gz",
    f"botocore/data/{SERVICE}/2012-08-10/endpoint-rule-set-1.json.gz",
    ENDPOINTS,
    "botocore/data/partitions.json",
    "botocore/data/sdk-default-configuration.json",
    "botocore/data/_retry.json",
    "botocore/docs/utils.py",
)

BOTOCORE_REPLACED: Mapping[str, bytes] = {
    "urllib3/http2/__init__.py": b"",  # checks for HTTP/2, which is off by default, in 7 ms
    "botocore/vendored/six.py": b'''"""The same six that dateutil needs."""

import sys

import six

sys.modules[__name__], sys.modules[f"{__name__}.moves"] = six, six.moves
''',
    "botocore/docs/__init__.py": b"",
    "botocore/docs/docstring.py": b'''"""Documentation is left out."""


class ClientMethodDocstring:
    def __init__(self, **_):
        pass


PaginatorDocstring = WaiterDocstring = ClientMethodDocstring
''',
}
"""Modules that botocore and its dependencies import without needing what they do, and their replacements."""

MSGSPEC_REPLACED: Mapping[str, bytes] = {
    "msgspec/inspect.py": b"",
    "msgspec/toml.py": b"",
    "msgspec/yaml.py": b"",
    "msgspec/_json_schema.py": b'''"""JSON schemas are made at deployment."""


def schema_components(*_, **__):
    raise NotImplementedError("this bundle has no JSON schemas")


schema = schema_components
''',
}
"""Modules that msgspec imports and no function uses (introspection, schemas, TOML, YAML), and their replacements."""


def trim_botocore(path: str, content: bytes) -> tuple[str, bytes]:
    """Return the path and content in the bundle of one of botocore's files."""
    if path == ENDPOINTS:
        return path, _json(_endpoints(json.loads(content)))
    if path.startswith("botocore/data/") and path.endswith(".json.gz"):
        document = json.loads(gzip.decompress(content), object_hook=_without_documentation)
        return path.removesuffix(".gz"), _json(document)
    return path, content


def _endpoints(document: dict[str, Any]) -> dict[str, Any]:
    """Reduce the endpoints of all services, 1.2 MB, to those of DynamoDB."""
    for partition in document["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name == SERVICE}
    return document


def _without_documentation(members: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON object without its documentation, a string; other members of this name belong to the API itself."""
    return {name: each for name, each in members.items() if name != "documentation" or not isinstance(each, str)}


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
