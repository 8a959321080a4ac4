"""botocore as a DynamoDB client needs it, because every cold start pays for what is read and imported.

Left out are the descriptions of other services, the documentation in DynamoDB's own, the code that renders it, and
what urllib3 and dateutil try to import in vain; what is read at each start is not compressed.
"""

import gzip
import json
from collections.abc import Mapping
from typing import Any, cast

SERVICE = "dynamodb"
ENDPOINTS = "botocore/data/endpoints.json"

LEFT_OUT = (
    "botocore/data/*", "botocore/docs/*", "botocore/.changes/*",
    "urllib3/contrib/pyopenssl.py", "dateutil/tz/win.py", "dateutil/zoneinfo/*",  # tried, and done without
)  # fmt: skip
KEPT = (
    f"botocore/data/{SERVICE}/2012-08-10/service-2.json.gz",
    f"botocore/data/{SERVICE}/2012-08-10/endpoint-rule-set-1.json.gz",
    ENDPOINTS,
    "botocore/data/partitions.json",
    "botocore/data/sdk-default-configuration.json",
    "botocore/data/_retry.json",
    "botocore/docs/utils.py",
)

GENERATED: Mapping[str, bytes] = {
    "urllib3/http2/__init__.py": b"",  # HTTP/2 has to be asked for, and importlib.metadata takes 7 ms
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
"""What stands in for modules whose importers need them, but not what they do."""


def rewritten(place: str, content: bytes) -> tuple[str, bytes]:
    """A file of the bundle and its place in it, as they are to be."""
    if place == ENDPOINTS:
        return place, _json(_endpoints(json.loads(content)))
    if place.startswith("botocore/data/") and place.endswith(".json.gz"):
        return place.removesuffix(".gz"), _json(_undocumented(json.loads(gzip.decompress(content))))
    return place, content


def _endpoints(found: dict[str, Any]) -> dict[str, Any]:
    """The endpoints of all services, 1.2 MB, as those of one."""
    for partition in found["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name == SERVICE}
    return found


def _undocumented(value: Any) -> Any:
    if isinstance(value, list):
        return [_undocumented(each) for each in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    members = cast("dict[str, Any]", value)
    return {
        name: _undocumented(each)
        for name, each in members.items()
        if not (name == "documentation" and isinstance(each, str))
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
