"""IAM: roles and their policies."""

import re
from collections.abc import Mapping
from typing import Any, Final

from local.provider.connection import Connection
from local.provider.properties import Properties
from local.provider.resource_type import Document, ResourceType


def find_roles(connection: Connection, args: Mapping[str, Any]) -> Document:
    """Return the result of `aws.iam.get_roles`: the roles whose names match a regular expression.

    Raises:
        UnsupportedInputError: An argument is not supported.
    """
    arguments = Properties(args)
    pattern = arguments.pop("nameRegex", "")
    arguments.require_all_used()
    pages = connection.client("iam").get_paginator("list_roles").paginate()
    roles = [role for page in pages for role in page["Roles"] if re.search(pattern, role["RoleName"])]
    return {
        "id": connection.region,
        "nameRegex": pattern,
        "names": [role["RoleName"] for role in roles],
        "arns": [role["Arn"] for role in roles],
    }


def _read_role(connection: Connection, name: str) -> Document:
    role = connection.client("iam").get_role(RoleName=name)["Role"]
    return {"name": role["RoleName"], "arn": role["Arn"], "uniqueId": role["RoleId"]}


TYPES: Final = {
    "aws:iam/role:Role": ResourceType(
        service="iam",
        operation="CreateRole",
        renames={"RoleName": "name", "AssumeRolePolicyDocument": "assumeRolePolicy"},
        name_property="name",
        id="Role.RoleName",
        outputs={"arn": "Role.Arn", "uniqueId": "Role.RoleId"},
        ignored=("forceDetachPolicies",),
        read=_read_role,
    ),
    "aws:iam/rolePolicy:RolePolicy": ResourceType(
        service="iam",
        operation="PutRolePolicy",
        renames={"RoleName": "role", "PolicyName": "name", "PolicyDocument": "policy"},
        name_property="name",
        id="PolicyName",
        computed=lambda call: {"id": f"{call.parameters['RoleName']}:{call.parameters['PolicyName']}"},
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ResourceType(
        service="iam", operation="AttachRolePolicy", renames={"RoleName": "role"}, id="PolicyArn"
    ),
}
