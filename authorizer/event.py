"""The gateway's question: which credential, and for which API and stage."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

import msgspec

from authorizer.errors import EventMalformed

_STAGE_ARN = re.compile(
    r"arn:(?P<partition>aws(?:-[a-z]+)*):execute-api:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):"
    r"(?P<api>[A-Za-z0-9]{1,64})/(?P<stage>[A-Za-z0-9_-]{1,128}|\$default)/"
)


class Stage(msgspec.Struct, frozen=True):
    """A stage of an API, as method ARNs begin: `arn:aws:execute-api:region:account:api/stage/`."""

    partition: str
    region: str
    account: str
    api: str
    name: str

    @property
    def prefix(self) -> str:
        """What every method ARN of the stage begins with."""
        return f"arn:{self.partition}:execute-api:{self.region}:{self.account}:{self.api}/{self.name}/"

    @property
    def anywhere(self) -> str:
        """The same for the API's id in any region and account, which is shorter."""
        return f"arn:{self.partition}:execute-api:*:*:{self.api}/{self.name}/"


def credential(event: Mapping[str, Any]) -> str:
    """The Authorization header's value, empty where there is none.

    Of a REST API's TOKEN authorizer, or of an HTTP API's with payload format 2.0. Raises EventMalformed for others.
    """
    if "authorizationToken" in event:
        return _text(event["authorizationToken"])
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
    return _stage(f"{api}/{rest.partition('/')[0]}/")


@lru_cache(maxsize=64)
def _stage(prefix: str) -> Stage:
    found = _STAGE_ARN.fullmatch(prefix)
    if found is None:
        raise EventMalformed("not a method ARN of API Gateway")
    return Stage(*found.groups())


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise EventMalformed("the credential is not a text")
    return value
