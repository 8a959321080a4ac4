"""The settings of a custom domain."""

import re
from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from handlers.contract import REQUIREMENT, FieldError
from infra.naming import Names

MAX_HOST = 64
"""Characters of the domain name that AWS Certificate Manager writes into a certificate."""

_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"

HostName = Annotated[
    str,
    Meta(
        pattern=rf"^(?=[\s\S]{{1,{MAX_HOST}}}(?![\s\S]))({_LABEL}\.)+[a-z]{_LABEL}(?![\s\S])",
        extra={REQUIREMENT: f"a domain name in lower case of at most {MAX_HOST} characters, such as api.example.com"},
    ),
]
ZoneId = Annotated[
    str,
    Meta(pattern=r"^Z[A-Z0-9]{1,31}(?![\s\S])", extra={REQUIREMENT: "the id of a hosted zone, which starts with Z"}),
]
BasePath = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}(?![\s\S])",
        extra={REQUIREMENT: "one segment of a path, such as v1, of letters, digits and characters of . _ -"},
    ),
]
"""One segment, because API Gateway does not let a domain mix HTTP APIs with paths of several segments to REST APIs that
have an enhanced security policy."""
CertificateArn = Annotated[
    str,
    Meta(
        pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+(?![\s\S])",
        extra={REQUIREMENT: "the ARN of a certificate in AWS Certificate Manager"},
    ),
]


class DomainSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A custom domain, which replaces API Gateway's own URL."""

    name: Annotated[
        HostName | None,
        Meta(description="The domain, such as `api.example.com`, which no other stack has. There is none by default."),
    ] = None
    zone_id: Annotated[
        ZoneId | None,
        Meta(description="The public hosted zone in Route 53 that contains the domain. Its records are created there."),
    ] = None
    base_path: Annotated[
        BasePath | None, Meta(description="The first segment of all paths: with `v1`, items are at `/v1/items`.")
    ] = None
    certificate_arn: Annotated[
        CertificateArn | None,
        Meta(
            description="An issued certificate for the domain, in the stack's region. Without it, one is created in "
            "`zoneId`."
        ),
    ] = None
    disable_default_endpoint: Annotated[
        bool, Meta(description="Whether API Gateway's own URL rejects requests, so that the domain is the only way in.")
    ] = True

    @property
    def disables_default_endpoint(self) -> bool:
        """Whether API Gateway's own URL rejects requests: never without a domain."""
        return self.name is not None and self.disable_default_endpoint

    def url(self, host: str) -> str:
        """Return the URL of the API at its host, which is the domain or a subdomain of it, without a trailing slash."""
        return f"https://{host}/{self.base_path or ''}".rstrip("/")

    def problems(self) -> Iterator[FieldError]:
        """Yield settings that do not go together."""
        others = {"zoneId": self.zone_id, "basePath": self.base_path, "certificateArn": self.certificate_arn}
        used = [name for name, value in others.items() if value is not None]
        if self.name is None and used:
            yield FieldError("domain.name", f"is required, because domain.{used[0]} is set")
        if self.name is not None and self.zone_id is None and self.certificate_arn is None:
            yield FieldError(
                "domain.zoneId", "is required for a new certificate; for an issued one, set certificateArn"
            )

    def deployment_problems(self, names: Names, region: str | None) -> Iterator[str]:
        """Yield what certificates cannot do: be used in another region, or contain some names of branches."""
        found = self.certificate_arn.split(":")[3] if self.certificate_arn else region
        if region and found != region:
            yield f"gatehouse:domain.certificateArn: must be in the stack's region, {region} (found: {found})"
        if self.name and len(host := names.domain(self.name)) > MAX_HOST:
            yield f"gatehouse:domain.name: {host}, with the branch, must have at most {MAX_HOST} characters"
        if self.name and names.branch and not re.fullmatch(_LABEL, names.branch):
            yield (
                f"gatehouse:domain.name: {names.branch}, the branch, must be valid in a domain name; "
                "`python -m infra.branches STACK BRANCH` prints a valid name for its stack"
            )
