"""The division of a function's permissions among policies, whose sizes IAM limits.

The policies of a role may have 10,240 characters together, and each managed policy 6,144, without whitespace (AWS,
"IAM and AWS STS quotas"). ARNs are unknown when a stack is planned, so they are counted with the longest partition
and region.
"""

import json

from infra.functions.layouts import RouteGroup
from infra.naming import Names

EMPTY = len('{"Version":"2012-10-17","Statement":[]}')
"""Characters of a policy without statements."""

OWN_STATEMENTS = 500
"""Characters of a role's policies besides the permissions on tables: the log, traces, and the policies around them."""

IN_ROLE = 10_240 - OWN_STATEMENTS
IN_MANAGED_POLICY = 6_144 - EMPTY

TABLE_ARN = "arn:aws-iso-f:dynamodb:us-isof-south-1:000000000000:table/"
"""The beginning of a table's ARN. No partition and region have longer names together."""


def divided(group: RouteGroup, names: Names) -> list[RouteGroup]:
    """Return the parts of a group that have a policy each: the first in the role, all others a managed policy.

    A collection is in one part.
    """
    parts: list[list[RouteGroup]] = [[]]
    room, used = IN_ROLE, set[tuple[str, ...]]()
    for collection in group.by_collection():
        if _size(collection, names, used) > room:
            parts.append([])
            room, used = IN_MANAGED_POLICY, set[tuple[str, ...]]()
        room -= _size(collection, names, used)
        used |= collection.permissions().keys()
        parts[-1].append(collection)
    return [RouteGroup(name=group.name, routes=[route for each in part for route in each.routes]) for part in parts]


def _size(collection: RouteGroup, names: Names, used: set[tuple[str, ...]]) -> int:
    """Return the characters that a collection adds to a policy with statements for the actions in `used`."""
    permissions = collection.permissions()
    statements = (_json({"Effect": "Allow", "Action": each, "Resource": []}) for each in permissions.keys() - used)
    arns = (TABLE_ARN + names.resource(name) + end for each in permissions.values() for name, end in each)
    return sum(len(each) + len(",") for each in statements) + sum(len(each) + len('"",') for each in arns)


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
