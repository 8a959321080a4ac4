"""The settings of the API and its stage."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from handlers.contract import REQUIREMENT, FieldError, Route
from handlers.contract.stage import READ_ONLY, RESPONSE_CACHE, TRUE
from infra.api.cors import DEFAULT_MAX_AGE, Cors
from infra.api.response_cache import CacheSettings, cache_problems
from infra.api.throttling import Throttle, throttling_problems

Origin = Annotated[
    str,
    Meta(
        pattern=r"^(\*|https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?)(?![\s\S])",
        extra={REQUIREMENT: 'an origin without a path, such as https://app.example.com, or "*"'},
    ),
]
VariableName = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_]+(?![\s\S])", extra={REQUIREMENT: "one or more letters, digits and underscores"})
]
VariableValue = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._~:/?#&=,-]+(?![\s\S])",
        extra={REQUIREMENT: "one or more letters, digits and characters of . _ ~ : / ? # & = , -"},
    ),
]
"""What API Gateway allows in stage variables."""
HeaderName = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9-]{1,64}(?![\s\S])", extra={REQUIREMENT: "1 to 64 letters, digits and hyphens"})
]


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The API and its stage."""

    flavour: Annotated[
        Literal["rest", "http"],
        Meta(description="Whether API Gateway provides a REST API or an HTTP API, which is cheaper and can do less."),
    ] = "rest"
    cors_origins: Annotated[
        tuple[Origin, ...],
        Meta(description='Origins that browsers may call from, or only `"*"`. Without any, browsers cannot call.'),
    ] = ()
    cors_headers: Annotated[
        tuple[HeaderName, ...],
        Meta(description="Request headers that pages may send in addition to those that the API reads."),
    ] = ()
    cors_exposed_headers: Annotated[
        tuple[HeaderName, ...],
        Meta(description="Response headers that scripts may read in addition to those that the API sends."),
    ] = ()
    cors_max_age: Annotated[
        int, Meta(ge=0, le=86_400, description="Seconds for which browsers may cache the response to a preflight.")
    ] = DEFAULT_MAX_AGE
    cors_credentials: Annotated[
        bool, Meta(description="Whether pages may send cookies and client certificates. Needs a list of origins.")
    ] = False
    throttle_rate: Annotated[
        int, Meta(ge=1, le=100_000, description="Requests per second that the stage accepts on average.")
    ] = 100
    throttle_burst: Annotated[int, Meta(ge=1, le=100_000, description="Requests that the stage accepts at once.")] = 200
    routes: Annotated[
        dict[str, Throttle], Meta(description="Limits for single routes (`items-list`) or collections (`items`).")
    ] = {}
    validate_bodies: Annotated[
        bool,
        Meta(
            description="Whether API Gateway rejects invalid bodies before a handler is called. Handlers always "
            "validate, and only they can name the field."
        ),
    ] = False
    cache: Annotated[CacheSettings, Meta(description="The stage's cache of responses.")] = CacheSettings()
    read_only: Annotated[
        bool, Meta(description="Whether writes get 503. It is a stage variable, so no function changes with it.")
    ] = False
    detailed_metrics: Annotated[
        bool,
        Meta(
            description="Whether API Gateway has CloudWatch metrics for each method or route, each of which is billed. "
            "Alarms and the dashboard need only the stage's, which are free."
        ),
    ] = False
    stage_variables: Annotated[
        dict[VariableName, VariableValue], Meta(description="Other variables of the stage, which functions receive.")
    ] = {}

    @property
    def cors(self) -> Cors:
        """Which pages may call the API."""
        return Cors(
            origins=self.cors_origins,
            headers=self.cors_headers,
            exposed_headers=self.cors_exposed_headers,
            max_age=self.cors_max_age,
            credentials=self.cors_credentials,
        )

    def variables(self, stack: str) -> dict[str, str]:
        """Return all variables of the stage."""
        switches = {READ_ONLY: self.read_only, RESPONSE_CACHE: self.cache.size is not None}
        return {"stack": stack, **self.stage_variables, **{name: TRUE for name, on in switches.items() if on}}

    def problems(self) -> Iterator[FieldError]:
        """Yield mistakes between fields."""
        yield from self.cors.problems()
        yield from self.cache.problems()
        for name, setting in {READ_ONLY: "api.readOnly", RESPONSE_CACHE: "api.cache"}.items():
            if name in self.stage_variables:
                yield FieldError(f"api.stageVariables.{name}", f"must not be set here; use {setting}")

    def contract_problems(self, routes: Sequence[Route]) -> Iterator[str]:
        """Yield a line for each name that the contract does not have."""
        yield from throttling_problems(routes, self.routes)
        yield from cache_problems(routes, self.cache)
