"""The event that API Gateway invokes the authorizer with: the credentials, the method's ARN and the route."""

import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from authorizer.errors import EventMalformed

_PARAMETER = re.compile(r"\{[A-Za-z0-9_]+\}")
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


class Route(msgspec.Struct, frozen=True):
    """A route of the API: its method, and its path template such as `/items/{id}`."""

    method: str
    path: str

    @property
    def pattern(self) -> str:
        """The end of the resource that matches exactly the requests of the route, such as `GET/items/*`."""
        return self.method + _PARAMETER.sub("*", self.path)


def credentials(event: Mapping[str, Any]) -> str:
    """Return the value of the Authorization header, empty if there is none or more than one.

    Accepts the events of a REST API's TOKEN and REQUEST authorizers, and of an HTTP API's authorizer with payload
    format 2.0. Raises EventMalformed for others.
    """
    value = event.get("authorizationToken")
    if isinstance(value, str):
        return value
    if "authorizationToken" in event:
        return _text(value)
    if event.get("type") == "TOKEN":
        return ""
    if event.get("version") == "2.0":
        return _http_credentials(event)
    if event.get("type") == "REQUEST" and "version" not in event:
        return _rest_credentials(event)
    raise EventMalformed("the event must be a TOKEN or REQUEST event, or have payload format 2.0")


def route(event: Mapping[str, Any]) -> Route | None:
    """Return the route if the policy is cached for it, or None if the policy is cached for all routes of a token.

    The route is an identity source of a REST API's REQUEST authorizers and, if there are two sources, of an HTTP API's
    authorizer. Raises EventMalformed.
    """
    if event.get("version") == "2.0":
        sources: Any = event.get("identitySource")
        if not isinstance(sources, list) or len(cast("list[Any]", sources)) != 2:  # noqa: PLR2004
            return None
        key: Any = event.get("routeKey")
        method, separator, path = key.partition(" ") if isinstance(key, str) else ("", "", "")
        if separator and cast("list[Any]", sources)[1] == key:
            return Route(method, path)
    elif "authorizationToken" in event or event.get("type") != "REQUEST":
        return None
    elif isinstance(event.get("httpMethod"), str) and isinstance(event.get("resource"), str):
        return Route(event["httpMethod"], event["resource"])
    raise EventMalformed("the event must name its route")


def _http_credentials(event: Mapping[str, Any]) -> str:
    sources: Any = event.get("identitySource")
    if sources is None:
        headers: Any = event.get("headers") or {}
        return _text(headers.get("authorization"))
    if not isinstance(sources, list):
        raise EventMalformed("the identity sources must be a list")
    found = cast("list[Any]", sources)
    return _text(found[0]) if len(found) in (1, 2) else ""  # the header, and the route if policies are cached for it


def _rest_credentials(event: Mapping[str, Any]) -> str:
    """Return the only Authorization header. Clients may write its name in any case, and send it more than once."""
    values = _authorization(event.get("headers"))
    repeated = [value for each in _authorization(event.get("multiValueHeaders")) for value in each]
    return _text(values[0]) if len(values) == 1 and len(repeated) <= 1 else ""


def _authorization(headers: Any) -> list[Any]:
    if headers is not None and not isinstance(headers, dict):
        raise EventMalformed("the headers must be an object")
    named = cast("dict[str, Any]", headers or {})
    return [value for name, value in named.items() if name.lower() == "authorization"]


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
