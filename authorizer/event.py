"""The event that API Gateway invokes the authorizer with: the credentials and the method's ARN."""

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
    """A stage of an API, as the beginning of its methods' ARNs.

    `prefix` is `arn:aws:execute-api:region:account:api/stage/`. `any_region` has `*` for the region and the account,
    which is shorter and still unambiguous: an API's id is unique.
    """

    prefix: str
    any_region: str

    @classmethod
    def of(cls, partition: str, region: str, account: str, api: str, name: str) -> "Stage":
        """Return the stage of this name."""
        return cls(
            f"arn:{partition}:execute-api:{region}:{account}:{api}/{name}/",
            f"arn:{partition}:execute-api:*:*:{api}/{name}/",
        )


def credentials(event: Mapping[str, Any]) -> str:
    """Return the value of the Authorization header, empty if there is none.

    Accepts the events of a REST API's TOKEN authorizer, and of an HTTP API's authorizer with payload format 2.0. Raises
    EventMalformed for others.
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
    raise EventMalformed("the event must be a TOKEN event or have payload format 2.0")


def method_arn(event: Mapping[str, Any]) -> str:
    """Return the ARN of the requested method or route. Raises EventMalformed if it is missing."""
    found: Any = event.get("methodArn") or event.get("routeArn")
    if not isinstance(found, str):
        raise EventMalformed("the event must have a method ARN")
    return found


def parse_stage(arn: str) -> Stage:
    """Return the stage of a method's ARN. Raises EventMalformed if it is invalid."""
    api, _, rest = arn.partition("/")
    found = _STAGE_ARN.fullmatch(f"{api}/{rest.partition('/')[0]}/")
    if found is None:
        raise EventMalformed("the ARN must be that of a method of API Gateway")
    return Stage.of(*found.groups())


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise EventMalformed("the credentials must be a string")
    return value
