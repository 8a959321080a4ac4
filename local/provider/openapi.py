"""Import an OpenAPI 3.0 document into a REST API by explicit calls, because the emulator cannot import documents.

Supported is what API Gateway's own import uses: models, parameters, responses and the `x-amazon-apigateway-*`
extensions (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html). Parts of
the document that would be ignored raise an error.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Final, cast

from local.provider.properties import Properties

EXTENSION: Final = "x-amazon-apigateway-"
ANY_METHOD: Final = f"{EXTENSION}any-method"
VERBS: Final = ("get", "put", "post", "delete", "options", "head", "patch", ANY_METHOD)
_LOCATIONS: Final = {"query": "querystring", "path": "path", "header": "header"}
DESCRIPTIVE: Final = ("summary", "description", "tags", "externalDocs", "deprecated", "example", "examples")
"""Fields that only describe an API."""
_UNSUPPORTED_KEYWORDS: Final = frozenset(
    {"nullable", "discriminator", "readOnly", "writeOnly", "xml", "externalDocs", "example", "deprecated", "default"}
)
"""Keywords of OpenAPI schemas that API Gateway's models (JSON Schema draft 4) do not support."""


class DocumentError(Exception):
    """The document is invalid, or uses a feature that API Gateway or this import does not support."""


@dataclass(frozen=True)
class Import:
    """An import of a document into an API, with everything created so far, by its name in the document."""

    client: Any
    """botocore's client for `apigateway`."""
    api: str
    document: Properties
    """The document without `info` and the extensions that concern the API as a whole."""
    models: set[str] = field(default_factory=set[str])
    validators: dict[str, str] = field(default_factory=dict[str, str])
    authorizers: dict[str, str] = field(default_factory=dict[str, str])
    key_schemes: set[str] = field(default_factory=set[str])
    resources: dict[str, str] = field(default_factory=dict[str, str])
    """Ids by path."""

    def run(self, root: str) -> None:
        """Create everything below the root resource with this id.

        Raises:
            DocumentError: The document is invalid or uses an unsupported feature.
            UnsupportedInputError: A part of the document would be ignored.
        """
        version = str(self.document.pop("openapi", ""))
        if not version.startswith("3.0."):
            raise DocumentError(f"unsupported OpenAPI version {version!r}: must be 3.0")
        self.document.pop("servers")  # an API's URL follows from its stage
        components = self.document.pop_object("components")
        self._create_models(components.pop_object("schemas"))
        self._create_authorizers(components.pop_object("securitySchemes"))
        self._create_validators(self.document.pop_object(f"{EXTENSION}request-validators"))
        self._put_gateway_responses(self.document.pop_object(f"{EXTENSION}gateway-responses"))
        default_validator = self.document.pop(f"{EXTENSION}request-validator")
        self.resources["/"] = root
        paths = self.document.pop_object("paths")
        for path in paths:
            self._create_path(path, paths.pop_object(path), default_validator)
        self.document.require_all_used()

    def _create_models(self, schemas: Properties) -> None:
        for name in schemas:
            if not name.isalnum():
                raise DocumentError(f"{schemas.path_of(name)}: the name of a model must consist of letters and digits")
            schema = self._schema(schemas.pop(name), schemas.path_of(name))
            self.client.create_model(
                restApiId=self.api, name=name, contentType="application/json", schema=json.dumps(schema)
            )
            self.models.add(name)

    def _schema(self, node: Any, path: str) -> Any:
        """Return a schema with its references as API Gateway writes them."""
        if isinstance(node, list):
            return [self._schema(item, path) for item in cast("list[Any]", node)]
        if not isinstance(node, dict):
            return node
        fields = cast("dict[str, Any]", node)
        if isinstance(reference := fields.get("$ref"), str):
            return {"$ref": f"https://apigateway.amazonaws.com/restapis/{self.api}/models/{_model_name(reference)}"}
        has_keywords = not path.endswith(".properties")
        if has_keywords and (unsupported := _UNSUPPORTED_KEYWORDS & fields.keys()):
            raise DocumentError(f"{path}: API Gateway's models do not support {', '.join(sorted(unsupported))}")
        return {name: self._schema(item, f"{path}.{name}") for name, item in fields.items()}

    def _create_authorizers(self, schemes: Properties) -> None:
        for name in schemes:
            scheme = schemes.pop_object(name)
            kind, header, location = scheme.pop("type"), scheme.pop("name"), scheme.pop("in")
            if kind != "apiKey" or location != "header":
                raise DocumentError(f"{schemes.path_of(name)}: must be of type apiKey in a header for API Gateway")
            if scheme.pop(f"{EXTENSION}authtype", "custom") != "custom":
                raise DocumentError(f"{schemes.path_of(name)}: only the authtype custom is supported locally")
            extension = f"{EXTENSION}authorizer"
            if extension in scheme:
                self.authorizers[name] = self._create_authorizer(name, header, scheme.pop_object(extension))
            elif header.lower() == "x-api-key":
                self.key_schemes.add(name)
            else:
                raise DocumentError(f"{schemes.path_of(name)}: must be an authorizer or an API key")

    def _create_authorizer(self, name: str, header: str, given: Properties) -> str:
        kind = given.pop("type", "").upper()
        if kind not in ("TOKEN", "REQUEST"):
            raise DocumentError(f"{given.path_of('type')}: {kind} authorizers are not supported locally")
        source = given.pop("identitySource", f"method.request.header.{header}")
        rest = given.pop_many(
            "authorizerUri", "authorizerCredentials", "authorizerResultTtlInSeconds", "identityValidationExpression"
        )
        created = self.client.create_authorizer(restApiId=self.api, name=name, type=kind, identitySource=source, **rest)
        return created["id"]

    def _create_validators(self, validators: Properties) -> None:
        for name in validators:
            checks = validators.pop_object(name).pop_many("validateRequestBody", "validateRequestParameters")
            created = self.client.create_request_validator(restApiId=self.api, name=name, **checks)
            self.validators[name] = created["id"]

    def _put_gateway_responses(self, responses: Properties) -> None:
        for kind in responses:
            response = responses.pop_object(kind)
            status = {"statusCode": str(response.pop("statusCode"))} if "statusCode" in response else {}
            rest = response.pop_many("responseParameters", "responseTemplates")
            self.client.put_gateway_response(restApiId=self.api, responseType=kind, **status, **rest)

    def _create_path(self, path: str, item: Properties, default_validator: str | None) -> None:
        item.pop_many(*DESCRIPTIVE)
        shared = self._request_parameters(item)
        resource = self._create_resource(path)
        for verb in item:
            if verb in VERBS:
                method = "ANY" if verb == ANY_METHOD else verb.upper()
                target = {"restApiId": self.api, "resourceId": resource, "httpMethod": method}
                self._create_method(target, item.pop_object(verb), shared, default_validator)

    def _create_resource(self, path: str) -> str:
        """Create the resource of a path and its parents, unless they exist, and return its id."""
        if path not in self.resources:
            parent_path, _, part = path.rpartition("/")
            parent = self._create_resource(parent_path or "/")
            created = self.client.create_resource(restApiId=self.api, parentId=parent, pathPart=part)
            self.resources[path] = created["id"]
        return self.resources[path]

    def _create_method(
        self, target: dict[str, str], operation: Properties, shared: dict[str, bool], default_validator: str | None
    ) -> None:
        operation.pop_many(*DESCRIPTIVE)
        validator = operation.pop(f"{EXTENSION}request-validator", default_validator)
        self.client.put_method(
            **target,
            operationName=operation.pop("operationId", ""),
            requestParameters=shared | self._request_parameters(operation),
            requestModels=self._request_models(operation.pop_object("requestBody")),
            **({"requestValidatorId": id_of(self.validators, validator, operation)} if validator else {}),
            **self._authorization(operation),
        )
        self._put_method_responses(target, operation.pop_object("responses"))
        self._put_integration(target, operation.pop_object(f"{EXTENSION}integration"))

    def _authorization(self, operation: Properties) -> dict[str, Any]:
        """Return a method's authorization: at most one authorizer, and whether an API key is required."""
        requirements = [(name, each) for each in operation.pop_objects("security") for name in each]
        authorization = {"authorizationType": "NONE", "apiKeyRequired": False}
        for name, requirement in requirements:
            scopes = requirement.pop(name)
            if name in self.key_schemes:
                authorization["apiKeyRequired"] = True
            elif authorization["authorizationType"] == "CUSTOM" or scopes:
                path = requirement.path_of(name)
                raise DocumentError(f"{path}: a method can have only one authorizer, and a Lambda authorizer no scopes")
            else:
                authorizer = id_of(self.authorizers, name, requirement)
                authorization |= {"authorizationType": "CUSTOM", "authorizerId": authorizer}
        return authorization

    def _request_parameters(self, node: Properties) -> dict[str, bool]:
        """Return whether each parameter is required, which is all that API Gateway can validate."""
        found: dict[str, bool] = {}
        for parameter in node.pop_objects("parameters"):
            location = parameter.pop("in")
            if location not in _LOCATIONS:
                raise DocumentError(f"{parameter.path_of('in')}: API Gateway does not support {location} parameters")
            found[f"method.request.{_LOCATIONS[location]}.{parameter.pop('name')}"] = parameter.pop("required", False)
            parameter.pop_many("schema", "style", "explode", *DESCRIPTIVE)
        return found

    def _request_models(self, body: Properties) -> dict[str, str]:
        body.pop_many("required", *DESCRIPTIVE)
        return self._models_of(body.pop_object("content"))

    def _models_of(self, content: Properties) -> dict[str, str]:
        """Return model names by media type."""
        found: dict[str, str] = {}
        for media in content:
            kind = content.pop_object(media)
            kind.pop_many(*DESCRIPTIVE)
            schema = kind.pop_object("schema")
            name = _model_name(schema.pop("$ref", ""))
            if name not in self.models:
                raise DocumentError(
                    f"{content.path_of(media)}: the schema must be a reference to a model of this document"
                )
            found[media] = name
        return found

    def _put_method_responses(self, target: dict[str, str], responses: Properties) -> None:
        for status in responses:
            if not status.isdigit():
                raise DocumentError(f"{responses.path_of(status)}: the status must be numeric for API Gateway")
            response = responses.pop_object(status)
            headers = response.pop_object("headers")
            self.client.put_method_response(
                **target,
                statusCode=status,
                responseParameters={f"method.response.header.{name}": False for name in headers.pop_many(*headers)},
                responseModels=self._models_of(response.pop_object("content")),
            )
            response.pop_many(*DESCRIPTIVE)

    def _put_integration(self, target: dict[str, str], given: Properties) -> None:
        if "type" not in given:
            raise DocumentError(f"{given.path_of('type')}: {target['httpMethod']} requires an integration")
        upper = {name: given.pop(name).upper() for name in ("type", "passthroughBehavior") if name in given}
        method = {"integrationHttpMethod": given.pop("httpMethod")} if "httpMethod" in given else {}
        rest = given.pop_many(
            "uri", "credentials", "requestTemplates", "requestParameters", "timeoutInMillis", "contentHandling",
            "cacheNamespace", "cacheKeyParameters", "connectionType", "connectionId", "tlsConfig",
        )  # fmt: skip
        self.client.put_integration(**target, **upper, **method, **rest)
        responses = given.pop_object("responses")
        for pattern in responses:
            response = responses.pop_object(pattern)
            selection = {} if pattern == "default" else {"selectionPattern": pattern}
            status = str(response.pop("statusCode"))
            rest = response.pop_many("responseParameters", "responseTemplates", "contentHandling")
            self.client.put_integration_response(**target, statusCode=status, **selection, **rest)


def clear(client: Any, api: str) -> None:
    """Delete everything that a document describes. The root resource remains, without methods."""
    for response in client.get_gateway_responses(restApiId=api)["items"]:
        if not response["defaultResponse"]:
            client.delete_gateway_response(restApiId=api, responseType=response["responseType"])
    pages = client.get_paginator("get_resources").paginate(restApiId=api, limit=500)
    resources = [resource for page in pages for resource in page["items"]]
    for resource in sorted(resources, key=lambda each: len(each["path"]), reverse=True):  # children first
        if "parentId" in resource:
            client.delete_resource(restApiId=api, resourceId=resource["id"])
        else:
            for method in resource.get("resourceMethods", ()):
                client.delete_method(restApiId=api, resourceId=resource["id"], httpMethod=method)
    for model in client.get_models(restApiId=api, limit=500)["items"]:
        client.delete_model(restApiId=api, modelName=model["name"])
    for validator in client.get_request_validators(restApiId=api, limit=500)["items"]:
        client.delete_request_validator(restApiId=api, requestValidatorId=validator["id"])
    for authorizer in client.get_authorizers(restApiId=api, limit=500)["items"]:
        client.delete_authorizer(restApiId=api, authorizerId=authorizer["id"])


def _model_name(reference: str) -> str:
    return reference.removeprefix("#/components/schemas/")


def id_of(ids: dict[str, str], name: str, node: Properties) -> str:
    """Return the id of what a document defines under a name. Raises DocumentError if it defines nothing."""
    if name not in ids:
        raise DocumentError(f"{node.path_of(name)}: the document does not define {name}")
    return ids[name]
