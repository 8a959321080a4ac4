"""The gateway's question: which credential, and for which API and stage."""

import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from authorizer.errors import EventMalformed

_STAGE_ARN = re.compile(
    r"arn:(?P<partition>aws(?:-[a-z]+)*):execute-api:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):"
    r"(?P<api>[A-Za-z0-9]{1,64})/(?P<stage>[A-Za-z0-9_-]{1,128}|\$default)/"
)


class Stage(msgspec.Struct, frozen=True):
    """A stage of an API: what its method ARNs begin with.

    `prefix` is `arn:aws:execute-api:region:account:api/stage/`; `any_region` is the same with the region and the
    account left open, which is shorter: an API's id is unique.
    """

    prefix: str
    any_region: str

    @classmethod
    def of(cls, partition: str, region: str, account: str, api: str, name: str) -> "Stage":
        """The stage of this name of an API."""
        return cls(
            f"arn:{partition}:execute-api:{region}:{account}:{api}/{name}/",
            f"arn:{partition}:execute-api:*:*:{api}/{name}/",
        )


def credential(event: Mapping[str, Any]) -> str:
    """The Authorization header's value, empty where there is none.

    Of a REST API's TOKEN authorizer, or of an HTTP API's with payload format 2.0. Raises EventMalformed for others.
    """
    value = event.get("authorizationToken")
    if isinstance(value, str):
        return value
    if "authorizationToken" in event:
        return _text(value)
    if event.get("type") == "TOKEN":
        return ""
    if event.get("version") == "2.0":
        sources: Any = event.get("identitySource")
        if sources is None:
            headers: Any = event.get("headers") or {}
            return _text(headers.get("authorization"))
        if isinstance(sources, list):
            return _text(cast("list[Any]", sources)[0]) if len(cast("list[Any]", sources)) == 1 else ""
    raise EventMalformed("neither a TOKEN event nor payload format 2.0")


def arn(event: Mapping[str, Any]) -> str:
    """The ARN of the method or route that is called. Raises EventMalformed where there is none."""
    found: Any = event.get("methodArn") or event.get("routeArn")
    if not isinstance(found, str):
        raise EventMalformed("no method ARN")
    return found


def stage(arn: str) -> Stage:
    """The stage of a method's ARN. Raises EventMalformed where it is not one."""
    api, _, rest = arn.partition("/")
    found = _STAGE_ARN.fullmatch(f"{api}/{rest.partition('/')[0]}/")
    if found is None:
        raise EventMalformed("not a method ARN of API Gateway")
    return Stage.of(*found.groups())


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise EventMalformed("the credential is not a text")
    return value
