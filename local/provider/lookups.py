"""The provider's functions: what a program looks up instead of making."""

import json
import zlib
from collections.abc import Mapping
from typing import Any, Final, cast

from local.provider.properties import Properties

_PARTITION: Final = {
    "id": "aws",
    "partition": "aws",
    "dnsSuffix": "amazonaws.com",
    "reverseDnsPrefix": "com.amazonaws",
}
_MEMBERS: Final = {
    "sid": "Sid",
    "effect": "Effect",
    "actions": "Action",
    "notActions": "NotAction",
    "resources": "Resource",
    "notResources": "NotResource",
}


def look_up(token: str, args: Mapping[str, Any], *, region: str | None, account: str | None) -> dict[str, Any] | None:
    """The answer to a function of pulumi-aws; None if it needs a region or an account that is not known yet.

    Raises:
        NotImplementedError: There is no local answer to this function.
        UnappliedError: An argument would be ignored.
    """
    given = Properties(args)
    function = token.rpartition(":")[2]
    match function:
        case "getRegion":
            region = given.take("region") or given.take("name") or region
            answer = _region(region) if region else None
        case "getCallerIdentity":
            answer = _identity(account) if account else None
        case "getPartition":
            answer = dict(_PARTITION)
        case "getRoles":
            answer = _no_roles(given)
        case "getPolicyDocument":
            answer = _policy_document(given)
        case _:
            raise NotImplementedError("the local engine has no answer to this function")
    given.require_all_taken()
    return answer


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


def _no_roles(given: Properties) -> dict[str, Any]:
    """Without an account to ask, a plan is of one that has no roles yet."""
    return {"id": "", "nameRegex": given.take("nameRegex"), "names": [], "arns": []}


def _policy_document(given: Properties) -> dict[str, Any]:
    document: dict[str, Any] = {"Version": given.take("version", "2012-10-17")}
    if policy_id := given.take("policyId"):
        document["Id"] = policy_id
    document["Statement"] = [_statement(statement) for statement in given.groups("statements")]
    return {
        "id": str(zlib.crc32(json.dumps(document).encode())),
        "json": json.dumps(document, indent=2),
        "minifiedJson": json.dumps(document, separators=(",", ":")),
    }


def _statement(given: Properties) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow"}
    statement |= {member: _one_or_many(value) for name, member in _MEMBERS.items() if (value := given.take(name))}
    for name, member in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if principals := {who.take("type"): _one_or_many(who.take("identifiers")) for who in given.groups(name)}:
            statement[member] = "*" if principals == {"*": "*"} else principals
    for condition in given.groups("conditions"):
        tests = statement.setdefault("Condition", {}).setdefault(condition.take("test"), {})
        tests[condition.take("variable")] = _one_or_many(condition.take("values"))
    return statement


def _one_or_many(value: Any) -> Any:
    """A list of one as its only entry, as the real provider writes it."""
    many = cast("list[Any]", value) if isinstance(value, list) else [value]
    return many[0] if len(many) == 1 else many
