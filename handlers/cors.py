"""The CORS headers of responses (Fetch Standard, "CORS protocol"): which pages may read them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handlers.contract.headers import expose_headers

CORS_VARIABLES = ("CORS_ORIGINS", "CORS_EXPOSED_HEADERS", "CORS_CREDENTIALS")
"""The environment variables with a policy."""


@dataclass(frozen=True, kw_only=True)
class CorsPolicy:
    """The origins that may call, the response headers that their scripts may read, and whether they send credentials.

    `exposed_headers` are in addition to those of the API itself.
    """

    origins: tuple[str, ...] = ()
    exposed_headers: tuple[str, ...] = ()
    credentials: bool = False

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "CorsPolicy":
        """Read a function's environment variables, in which lists are separated by spaces."""
        return cls(
            origins=tuple(variables.get("CORS_ORIGINS", "").split()),
            exposed_headers=tuple(variables.get("CORS_EXPOSED_HEADERS", "").split()),
            credentials=variables.get("CORS_CREDENTIALS") == "true",
        )

    def headers(self, event: Mapping[str, Any]) -> dict[str, str]:
        """Return the headers for an allowed origin; another origin gets none, so browsers reject the response."""
        exposed = {"Access-Control-Expose-Headers": expose_headers(self.exposed_headers)}
        if "*" in self.origins:
            return {"Access-Control-Allow-Origin": "*", **exposed}
        headers: Mapping[str, str] = event.get("headers") or {}
        origin = next((value for name, value in headers.items() if name.lower() == "origin"), None)
        if origin not in self.origins:
            return {"Vary": "Origin"}
        credentials = {"Access-Control-Allow-Credentials": "true"} if self.credentials else {}
        return {"Access-Control-Allow-Origin": origin, **credentials, **exposed, "Vary": "Origin"}
