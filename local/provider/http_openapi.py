"""Import an OpenAPI 3.0 document into an HTTP API by explicit calls, because the emulator cannot import documents.

Supported are Lambda integrations and REQUEST authorizers (AWS, "Working with OpenAPI definitions for HTTP APIs in API
Gateway"). Parts of the document that would be ignored raise an error.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from local.provider.openapi import ANY_METHOD, DESCRIPTIVE, EXTENSION, VERBS, DocumentError, id_of
from local.provider.properties import Properties

INTEGRATIONS: Final = f"{EXTENSION}integrations"
"""Integrations that several routes share (AWS, "x-amazon-apigateway-integrations object")."""


@dataclass(frozen=True)
class HttpImport:
    """An import of a document into an API, with ids by the names in the document."""

    client: Any
    """botocore's client for `apigatewayv2`."""
    api: str
    document: Properties
    """The document without `info`."""
    authorizers: dict[str, str] = field(default_factory=dict[str, str])
    integrations: dict[str, str] = field(default_factory=dict[str, str])

    def run(self) -> None:
        """Create the authorizers, routes and integrations.

        Raises:
            DocumentError: The document is invalid or uses an unsupported feature.
            UnsupportedInputError: A part of the document would be ignored.
        """
        version = str(self.document.pop("openapi", ""))
        if not version.startswith("3.0."):
            raise DocumentError(f"unsupported OpenAPI version {version!r}: must be 3.0")
        components = self.document.pop_object("components")
        schemes, integrations = components.pop_object("securitySchemes"), components.pop_object(INTEGRATIONS)
        for name in integrations:
            self.integrations[name] = self._create_integration(integrations.pop_object(name))
        for name in schemes:
            self._create_authorizer(name, schemes.pop_object(name))
        paths = self.document.pop_object("paths")
        for path in paths:
            item = paths.pop_object(path)
            for verb in item:
                if verb in VERBS:
                    method = "ANY" if verb == ANY_METHOD else verb.upper()
                    self._create_route(f"{method} {path}", item.pop_object(verb))
        self.document.require_all_used()

    def _create_authorizer(self, name: str, scheme: Properties) -> None:
        given = scheme.pop_object(f"{EXTENSION}authorizer")
        kind = (scheme.pop("type"), given.pop("type"))
        if kind != ("apiKey", "request"):
            raise DocumentError(
                f"{scheme.path_of('type')}: only REQUEST authorizers (type apiKey) are supported locally"
            )
        scheme.pop_many("name", "in")  # the identity source says where credentials are
        sources = given.pop("identitySource", [])
        rest = given.pop_many(
            "authorizerUri", "authorizerPayloadFormatVersion", "authorizerResultTtlInSeconds", "enableSimpleResponses"
        )
        created = self.client.create_authorizer(
            ApiId=self.api,
            Name=name,
            AuthorizerType="REQUEST",
            IdentitySource=[sources] if isinstance(sources, str) else sources,
            **capitalized(rest),
        )
        self.authorizers[name] = created["AuthorizerId"]

    def _create_route(self, key: str, operation: Properties) -> None:
        operation.pop_many(*DESCRIPTIVE, "responses")
        for parameter in operation.pop_objects("parameters"):
            if parameter.pop("in") != "path":
                raise DocumentError(f"{parameter.path_of('in')}: HTTP APIs do not validate parameters")
            parameter.pop_many("name", "required", "schema")
        self.client.create_route(
            ApiId=self.api,
            RouteKey=key,
            OperationName=operation.pop("operationId", ""),
            Target=f"integrations/{self._integration(operation.pop_object(f'{EXTENSION}integration'))}",
            **self._authorization(operation),
        )

    def _authorization(self, operation: Properties) -> dict[str, str]:
        requirements = [(name, each) for each in operation.pop_objects("security") for name in each]
        if not requirements:
            return {"AuthorizationType": "NONE"}
        if len(requirements) > 1:
            raise DocumentError(f"{operation.path_of('security')}: a route can have only one authorizer")
        name, requirement = requirements[0]
        if requirement.pop(name):
            raise DocumentError(f"{requirement.path_of(name)}: a Lambda authorizer has no scopes")
        return {"AuthorizationType": "CUSTOM", "AuthorizerId": id_of(self.authorizers, name, requirement)}

    def _integration(self, given: Properties) -> str:
        """Return the id of a route's integration: one of the shared ones, or a new one."""
        reference = given.pop("$ref")
        if reference is None:
            return self._create_integration(given)
        return id_of(self.integrations, reference.removeprefix(f"#/components/{INTEGRATIONS}/"), given)

    def _create_integration(self, given: Properties) -> str:
        kind = given.pop("type", "").upper()
        if kind != "AWS_PROXY":
            raise DocumentError(f"{given.path_of('type')}: only integrations of type aws_proxy are supported locally")
        rest = given.pop_many("payloadFormatVersion", "timeoutInMillis")
        created = self.client.create_integration(
            ApiId=self.api,
            IntegrationType=kind,
            IntegrationMethod=given.pop("httpMethod"),
            IntegrationUri=given.pop("uri"),
            **capitalized(rest),
        )
        return created["IntegrationId"]


def clear(client: Any, api: str) -> None:
    """Delete everything that a document describes."""
    for route in client.get_routes(ApiId=api)["Items"]:
        client.delete_route(ApiId=api, RouteId=route["RouteId"])
    for integration in client.get_integrations(ApiId=api)["Items"]:
        client.delete_integration(ApiId=api, IntegrationId=integration["IntegrationId"])
    for authorizer in client.get_authorizers(ApiId=api)["Items"]:
        client.delete_authorizer(ApiId=api, AuthorizerId=authorizer["AuthorizerId"])


def capitalized(values: dict[str, Any]) -> dict[str, Any]:
    """Return parameters with the names of botocore's members: `authorizerUri` becomes `AuthorizerUri`."""
    return {name[:1].upper() + name[1:]: value for name, value in values.items()}
