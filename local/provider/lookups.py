"""Functions of the provider: values that a program looks up instead of creating a resource."""

from collections.abc import Mapping
from typing import Any

from local.provider.partitions import Partition, partition_of
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
            result = _identity(account, partition_of(region)) if account else None
        case "getPartition":
            result = _partition(partition_of(region))
        case "getRoles":
            # In a preview; a deployment calls `resources.iam.find_roles`.
            result = {"id": "", "nameRegex": arguments.pop("nameRegex"), "names": [], "arns": []}
        case "getOpenIdConnectProvider":
            # In a preview; a deployment calls `resources.identity_providers.find_provider`.
            arguments.pop("url")
            result = None
        case "getZone":
            # In a preview, the root of DNS, which contains every domain; a deployment calls `resources.dns.find_zone`.
            zone = arguments.pop("zoneId")
            result = {"id": zone, "zoneId": zone, "name": ".", "privateZone": False}
        case "getRecords":
            # In a preview, none; a deployment calls `resources.dns.find_records`.
            found = {"zoneId": arguments.pop("zoneId"), "nameRegex": arguments.pop("nameRegex")}
            result = {"id": found["zoneId"], "resourceRecordSets": [], **found}
        case "getTables":
            # None: only scaled tables are looked up, which the local stack does not support.
            result = {"id": "", "names": []}
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
        "endpoint": f"ec2.{region}.{partition_of(region).dns_suffix}",
    }


def _partition(partition: Partition) -> dict[str, Any]:
    reverse = ".".join(reversed(partition.dns_suffix.split(".")))
    return {
        "id": partition.name,
        "partition": partition.name,
        "dnsSuffix": partition.dns_suffix,
        "reverseDnsPrefix": reverse,
    }


def _identity(account: str, partition: Partition) -> dict[str, Any]:
    arn = f"arn:{partition.name}:iam::{account}:root"
    return {"id": account, "accountId": account, "userId": account, "arn": arn}
