"""IAM: roles and their policies."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from local.provider.connection import Connection
from local.provider.live import Live, tags_of
from local.provider.properties import Properties
from local.provider.resource_type import ResourceType, Update
from local.provider.state import Document, State
from local.provider.tags import tags


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


def _read_role(connection: Connection, state: State) -> Live:
    role = connection.client("iam").get_role(RoleName=state.id)["Role"]
    return Live(
        inputs={
            "name": role["RoleName"],
            "assumeRolePolicy": json.dumps(role["AssumeRolePolicyDocument"]),
            "description": role.get("Description"),
            "path": role["Path"] if "path" in state.inputs else None,
            "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            "tags": tags_of(role.get("Tags", ())),
        },
        outputs={"arn": role["Arn"], "uniqueId": role["RoleId"]},
    )


def _update_role(connection: Connection, state: State, given: Properties) -> None:
    connection.client("iam").update_role(RoleName=state.id, Description=given.pop("description", ""))


def _update_boundary(connection: Connection, state: State, given: Properties) -> None:
    client, boundary = connection.client("iam"), given.pop("permissionsBoundary")
    if boundary:
        client.put_role_permissions_boundary(RoleName=state.id, PermissionsBoundary=boundary)
    else:
        client.delete_role_permissions_boundary(RoleName=state.id)


def _update_trust(connection: Connection, state: State, given: Properties) -> None:
    policy = given.pop("assumeRolePolicy")
    connection.client("iam").update_assume_role_policy(RoleName=state.id, PolicyDocument=policy)


def _read_role_policy(connection: Connection, state: State) -> Live:
    role, _, name = state.id.partition(":")
    policy = connection.client("iam").get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    return Live(inputs={"role": role, "name": name, "policy": json.dumps(policy)})


def _delete_role_policy(connection: Connection, state: State) -> None:
    role, _, name = state.id.partition(":")
    connection.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


def _read_policy(connection: Connection, state: State) -> Live:
    client = connection.client("iam")
    policy = client.get_policy(PolicyArn=state.id)["Policy"]
    version = client.get_policy_version(PolicyArn=state.id, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    return Live(
        inputs={
            "name": policy["PolicyName"],
            "path": policy["Path"],
            "description": policy.get("Description"),
            "policy": json.dumps(version["Document"]),
            "tags": tags_of(policy.get("Tags", ())),
        },
        outputs={"arn": policy["Arn"], "policyId": policy["PolicyId"]},
    )


def _update_policy(connection: Connection, state: State, given: Properties) -> None:
    """Add a version, and delete the earlier ones, of which a policy may have only five."""
    client, document = connection.client("iam"), given.pop("policy")
    client.create_policy_version(PolicyArn=state.id, PolicyDocument=document, SetAsDefault=True)
    _delete_old_versions(client, state.id)


def _delete_old_versions(client: Any, arn: str) -> None:
    for version in client.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            client.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])


def _delete_policy(connection: Connection, state: State) -> None:
    client = connection.client("iam")
    _delete_old_versions(client, state.id)
    client.delete_policy(PolicyArn=state.id)


def _read_attachment(connection: Connection, state: State) -> Live | None:
    role, policy = state.outputs["role"], state.outputs["policyArn"]
    pages = connection.client("iam").get_paginator("list_attached_role_policies").paginate(RoleName=role)
    attached = {each["PolicyArn"] for page in pages for each in page["AttachedPolicies"]}
    return Live(inputs={"role": role, "policyArn": policy}) if policy in attached else None


def _detach(connection: Connection, state: State) -> None:
    role, policy = state.outputs["role"], state.outputs["policyArn"]
    connection.client("iam").detach_role_policy(RoleName=role, PolicyArn=policy)


TYPES: Final = {
    "aws:iam/role:Role": ResourceType(
        service="iam",
        operation="CreateRole",
        renames={"RoleName": "name", "AssumeRolePolicyDocument": "assumeRolePolicy"},
        name_property="name",
        id="Role.RoleName",
        outputs={"arn": "Role.Arn", "uniqueId": "Role.RoleId"},
        replaces=("name", "path"),
        updates=(
            Update(inputs=("assumeRolePolicy",), apply=_update_trust),
            Update(inputs=("description",), apply=_update_role),
            Update(inputs=("permissionsBoundary",), apply=_update_boundary),
            tags("iam", noun="Role", resource=lambda state: state.id),
        ),
        read=_read_role,
        delete=lambda connection, state: connection.client("iam").delete_role(RoleName=state.id),
    ),
    "aws:iam/rolePolicy:RolePolicy": ResourceType(
        service="iam",
        operation="PutRolePolicy",
        renames={"RoleName": "role", "PolicyName": "name", "PolicyDocument": "policy"},
        name_property="name",
        id="PolicyName",
        computed=lambda call: {"id": f"{call.parameters['RoleName']}:{call.parameters['PolicyName']}"},
        replaces=("role", "name"),
        overwrites=True,
        read=_read_role_policy,
        delete=_delete_role_policy,
    ),
    "aws:iam/policy:Policy": ResourceType(
        service="iam",
        operation="CreatePolicy",
        renames={"PolicyName": "name", "PolicyDocument": "policy"},
        name_property="name",
        id="Policy.Arn",
        outputs={"arn": "Policy.Arn", "policyId": "Policy.PolicyId"},
        replaces=("name", "path", "description"),
        updates=(
            Update(inputs=("policy",), apply=_update_policy),
            tags("iam", noun="Policy", resource=lambda state: state.id),
        ),
        read=_read_policy,
        delete=_delete_policy,
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ResourceType(
        service="iam",
        operation="AttachRolePolicy",
        renames={"RoleName": "role"},
        id="PolicyArn",
        replaces=("role", "policyArn"),
        read=_read_attachment,
        delete=_detach,
    ),
}
