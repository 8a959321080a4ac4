"""Resources that exist already, for programs that read them (`Account.get`), import them or look for them."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from local.provider.connection import Connection
from local.provider.properties import Properties
from local.provider.spec import Document


def roles(connection: Connection, args: Mapping[str, Any]) -> Document:
    """Answer `aws.iam.get_roles`: the roles whose names match a regular expression.

    Raises:
        UnappliedError: An argument would be ignored.
    """
    given = Properties(args)
    pattern = given.take("nameRegex", "")
    given.require_all_taken()
    pages = connection.client("iam").get_paginator("list_roles").paginate()
    found = [role for page in pages for role in page["Roles"] if re.search(pattern, role["RoleName"])]
    return {
        "id": connection.region,
        "nameRegex": pattern,
        "names": [role["RoleName"] for role in found],
        "arns": [role["Arn"] for role in found],
    }


def _account(connection: Connection, _: str) -> Document:
    """API Gateway's settings of the account and region. The provider gives an empty role where none is set."""
    return {"cloudwatchRoleArn": connection.client("apigateway").get_account().get("cloudwatchRoleArn") or ""}


def _role(connection: Connection, name: str) -> Document:
    role = connection.client("iam").get_role(RoleName=name)["Role"]
    return {"name": role["RoleName"], "arn": role["Arn"], "uniqueId": role["RoleId"]}


READERS: Final[dict[str, Callable[[Connection, str], Document]]] = {
    "aws:apigateway/account:Account": _account,
    "aws:iam/role:Role": _role,
}
"""How a resource's outputs are read from its id, by its type."""
