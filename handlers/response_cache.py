"""Requests to a stage with a response cache, which may answer other requests with the response to this one.

The key of an entry has each header in two spellings, and AWS does not document that it finds a header in any other.
So a request with another spelling may share its entry with a request that lacks the header.
"""

from collections.abc import Mapping
from typing import Any

from handlers.contract.stage import RESPONSE_CACHE, TRUE
from handlers.errors import BadRequest


def without_other_spellings(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the event of a GET request without the headers that the key may lack, if the stage has a cache.

    Raises BadRequest if Authorization is one of them, because callers would get each other's responses.
    """
    variables: Mapping[str, str] = event.get("stageVariables") or {}
    if variables.get(RESPONSE_CACHE) != TRUE or event.get("httpMethod") != "GET":
        return event
    given: Mapping[str, str] = event.get("headers") or {}
    headers = {name: value for name, value in given.items() if name in (name.title(), name.lower())}
    if any(name.lower() == "authorization" for name in given if name not in headers):
        raise BadRequest("The header Authorization must be spelled in this way or in lower case.")
    return {**event, "headers": headers}
