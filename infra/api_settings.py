"""The settings of the API and its stage."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from handlers.contract import REQUIREMENT, FieldError

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
    throttle_rate: Annotated[
        int, Meta(ge=1, le=100_000, description="Requests per second that the stage accepts on average.")
    ] = 100
    throttle_burst: Annotated[int, Meta(ge=1, le=100_000, description="Requests that the stage accepts at once.")] = 200
    validate_bodies: Annotated[
        bool,
        Meta(
            description="Whether API Gateway rejects invalid bodies before a handler is called. Handlers always "
            "validate, and only they can name the field."
        ),
    ] = False
    stage_variables: Annotated[dict[VariableName, VariableValue], Meta(description="Variables of the stage.")] = {}

    def problems(self) -> list[FieldError]:
        """Return mistakes between fields."""
        if "*" not in self.cors_origins or len(self.cors_origins) == 1:
            return []
        return [FieldError("api.corsOrigins", 'must be either "*" alone or a list of origins', list(self.cors_origins))]
