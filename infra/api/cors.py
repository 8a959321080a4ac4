"""Cross-origin requests (CORS): which pages may call the API, and what their scripts may send and read."""

from collections.abc import Iterator
from dataclasses import dataclass

from handlers.contract import OPERATIONS, FieldError
from handlers.contract.headers import expose_headers

DEFAULT_MAX_AGE = 600
"""Seconds."""


@dataclass(frozen=True, kw_only=True)
class Cors:
    """The allowed origins (none: browsers cannot call), and what the allowed pages may do.

    `headers` and `exposed_headers` are in addition to those that the API itself reads and sends. Browsers may cache the
    response to a preflight for `max_age` seconds.
    """

    origins: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed_headers: tuple[str, ...] = ()
    max_age: int = DEFAULT_MAX_AGE
    credentials: bool = False

    @property
    def allowed_headers(self) -> list[str]:
        """The request headers that pages may send, in lower case: those that the operations read, and the settings'."""
        names = {header.name.lower() for operation in OPERATIONS for header in operation.request_headers}
        return sorted({"authorization", "content-type"} | names | {name.lower() for name in self.headers})

    @property
    def expose_headers(self) -> str:
        """The value of Access-Control-Expose-Headers."""
        return expose_headers(self.exposed_headers)

    @property
    def depends_on_origin(self) -> bool:
        """Whether a response has other headers for another origin."""
        return bool(self.origins) and "*" not in self.origins

    def environment(self) -> dict[str, str]:
        """Return the environment variables of the handlers, of which only the origins are always set."""
        exposed = {"CORS_EXPOSED_HEADERS": " ".join(self.exposed_headers)} if self.exposed_headers else {}
        credentials = {"CORS_CREDENTIALS": "true"} if self.credentials else {}
        return {"CORS_ORIGINS": " ".join(self.origins), **exposed, **credentials}

    def problems(self) -> Iterator[FieldError]:
        """Yield settings that do not go together (Fetch Standard, "CORS protocol and credentials")."""
        if "*" in self.origins and len(self.origins) > 1:
            requirement = 'must be either "*" alone or a list of origins'
            yield FieldError("api.corsOrigins", requirement, list(self.origins))
        if "*" in self.origins and self.credentials:
            yield FieldError("api.corsCredentials", 'needs a list of origins in corsOrigins instead of "*"', found=True)
        if not self.origins:
            given = {
                "corsHeaders": list(self.headers), "corsExposedHeaders": list(self.exposed_headers),
                "corsMaxAge": None if self.max_age == DEFAULT_MAX_AGE else self.max_age,
                "corsCredentials": self.credentials or None,
            }  # fmt: skip
            for name, value in given.items():
                if value is not None and value != []:
                    yield FieldError(f"api.{name}", "needs corsOrigins", value)
