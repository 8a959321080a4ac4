"""Functions of the provider: values that a program looks up instead of creating a resource."""

from collections.abc import Mapping
from typing import Any

from local.provider.properties import Properties


def look_up(token: str, args: Mapping[str, Any], *, region: str | None, account: str | None) -> dict[str, Any] | None:
    """Return the result of a function of pulumi-aws, or None if it depends on an unknown region or account.

    Raises:
        NotImplementedError: The function is not supported.
        UnsupportedInputError: An argument is not supported.
    """
    arguments = Properties(args)
    result: dict[str, Any] | None
    match token.rpartition(":")[2]:
        case "getRegion":
            region = arguments.pop("region") or arguments.pop("name") or region
            result = _region(region) if region else None
        case "getCallerIdentity":
            result = _identity(account) if account else None
        case "getPartition":
            result = {
                "id": "aws",
                "partition": "aws",
                "dnsSuffix": "amazonaws.com",
                "reverseDnsPrefix": "com.amazonaws",
            }
        case "getRoles":
            # In a preview; a deployment calls `resources.iam.find_roles`.
            result = {"id": "", "nameRegex": arguments.pop("nameRegex"), "names": [], "arns": []}
        case "getOpenIdConnectProvider":
            # In a preview; a deployment calls `resources.identity_providers.find_provider`.
            arguments.pop("url")
            result = None
        case _:
            raise NotImplementedError("the local provider does not support this function")
    arguments.require_all_used()
    return result


def _region(region: str) -> dict[str, Any]:
    return {
        "id": region,
        "name": region,
        "region": region,
        "description": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
    }


def _identity(account: str) -> dict[str, Any]:
    return {"id": account, "accountId": account, "userId": account, "arn": f"arn:aws:iam::{account}:root"}
