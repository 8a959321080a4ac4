"""An OpenAPI 3.0 document made into a REST API by explicit calls, because the emulator imports none.

Understood is what API Gateway's own import uses: models, parameters, responses and the `x-amazon-apigateway-*`
extensions (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html). Whatever
would be ignored raises.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Final, cast

from local.provider.properties import Properties

EXTENSION: Final = "x-amazon-apigateway-"
_ANY_METHOD: Final = f"{EXTENSION}any-method"
_VERBS: Final = ("get", "put", "post", "delete", "options", "head", "patch", _ANY_METHOD)
_PLACES: Final = {"query": "querystring", "path": "path", "header": "header"}
_DOCUMENTARY: Final = ("summary", "description", "tags", "externalDocs", "deprecated", "example", "examples")
"""Fields for readers, which change nothing about an API."""
_NOT_IN_MODELS: Final = frozenset(
    {"nullable", "discriminator", "readOnly", "writeOnly", "xml", "externalDocs", "example", "deprecated", "default"}
)
"""Keywords of OpenAPI's schemas that API Gateway's models, JSON schema draft 4, do not have."""


class DocumentError(Exception):
    """The document asks for something that API Gateway, or this import of it, does not have."""


@dataclass(frozen=True)
class Import:
    """One document on its way into one API, and what was made so far, by its name in the document."""

    client: Any
    """botocore's client of `apigateway`."""
    api: str
    document: Properties
    """What is left of the document; `info` and the extensions about the API as a whole have been taken."""
    models: set[str] = field(default_factory=set[str])
    validators: dict[str, str] = field(default_factory=dict[str, str])
    authorizers: dict[str, str] = field(default_factory=dict[str, str])
    key_schemes: set[str] = field(default_factory=set[str])
    resources: dict[str, str] = field(default_factory=dict[str, str])
    """Ids by path."""

    def run(self, root: str) -> None:
        """Make everything below the root resource, whose id is given.

        Raises:
            DocumentError: The document cannot be made into calls.
            UnappliedError: Something in the document would have been ignored.
        """
        version = str(self.document.take("openapi", ""))
        if not version.startswith("3.0."):
            raise DocumentError(f"openapi is {version!r}; only 3.0 is understood")
        self.document.take("servers")  # where the API answers follows from its stages
        components = self.document.group("components")
        self._make_models(components.group("schemas"))
        self._make_authorizers(components.group("securitySchemes"))
        self._make_validators(self.document.group(f"{EXTENSION}request-validators"))
        self._put_gateway_responses(self.document.group(f"{EXTENSION}gateway-responses"))
        default_validator = self.document.take(f"{EXTENSION}request-validator")
        self.resources["/"] = root
        paths = self.document.group("paths")
        for path in paths:
            self._make_path(path, paths.group(path), default_validator)
        self.document.require_all_taken()

    def _make_models(self, schemas: Properties) -> None:
        for name in schemas:
            if not name.isalnum():
                raise DocumentError(f"{schemas.at(name)}: a model's name has only letters and digits")
            schema = self._schema(schemas.take(name), schemas.at(name))
            self.client.create_model(
                restApiId=self.api, name=name, contentType="application/json", schema=json.dumps(schema)
            )
            self.models.add(name)

    def _schema(self, node: Any, path: str) -> Any:
        """A schema with its references as API Gateway writes them."""
        if isinstance(node, list):
            return [self._schema(item, path) for item in cast("list[Any]", node)]
        if not isinstance(node, dict):
            return node
        fields = cast("dict[str, Any]", node)
        if isinstance(reference := fields.get("$ref"), str):
            return {"$ref": f"https://apigateway.amazonaws.com/restapis/{self.api}/models/{_model_name(reference)}"}
        names_are_keywords = not path.endswith(".properties")
        if names_are_keywords and (unknown := _NOT_IN_MODELS & fields.keys()):
            raise DocumentError(f"{path}: API Gateway's models have no {', '.join(sorted(unknown))}")
        return {name: self._schema(item, f"{path}.{name}") for name, item in fields.items()}

    def _make_authorizers(self, schemes: Properties) -> None:
        for name in schemes:
            scheme = schemes.group(name)
            kind, header, place = scheme.take("type"), scheme.take("name"), scheme.take("in")
            if kind != "apiKey" or place != "header":
                raise DocumentError(f"{schemes.at(name)}: API Gateway imports only schemes of type apiKey in a header")
            if scheme.take(f"{EXTENSION}authtype", "custom") != "custom":
                raise DocumentError(f"{schemes.at(name)}: only authorizers of authtype custom can be made locally")
            extension = f"{EXTENSION}authorizer"
            if extension in scheme:
                self.authorizers[name] = self._make_authorizer(name, header, scheme.group(extension))
            elif header.lower() == "x-api-key":
                self.key_schemes.add(name)
            else:
                raise DocumentError(f"{schemes.at(name)}: neither an authorizer nor an API key")

    def _make_authorizer(self, name: str, header: str, given: Properties) -> str:
        kind = given.take("type", "").upper()
        if kind not in ("TOKEN", "REQUEST"):
            raise DocumentError(f"{given.at('type')}: {kind} authorizers cannot be made locally")
        source = given.take("identitySource", f"method.request.header.{header}")
        names = (
            "authorizerUri",
            "authorizerCredentials",
            "authorizerResultTtlInSeconds",
            "identityValidationExpression",
        )
        rest = given.take_all(*names)
        return self.client.create_authorizer(restApiId=self.api, name=name, type=kind, identitySource=source, **rest)[
            "id"
        ]

    def _make_validators(self, validators: Properties) -> None:
        for name in validators:
            checks = validators.group(name).take_all("validateRequestBody", "validateRequestParameters")
            made = self.client.create_request_validator(restApiId=self.api, name=name, **checks)
            self.validators[name] = made["id"]

    def _put_gateway_responses(self, responses: Properties) -> None:
        for kind in responses:
            response = responses.group(kind)
            status = {"statusCode": str(response.take("statusCode"))} if "statusCode" in response else {}
            rest = response.take_all("responseParameters", "responseTemplates")
            self.client.put_gateway_response(restApiId=self.api, responseType=kind, **status, **rest)

    def _make_path(self, path: str, item: Properties, default_validator: str | None) -> None:
        item.take_all(*_DOCUMENTARY)
        shared = self._request_parameters(item)
        resource = self._make_resource(path)
        for verb in item:
            if verb in _VERBS:
                method = "ANY" if verb == _ANY_METHOD else verb.upper()
                target = {"restApiId": self.api, "resourceId": resource, "httpMethod": method}
                self._make_method(target, item.group(verb), shared, default_validator)

    def _make_resource(self, path: str) -> str:
        """The resource of a path, and those above it; its id."""
        if path not in self.resources:
            above, _, part = path.rpartition("/")
            parent = self._make_resource(above or "/")
            made = self.client.create_resource(restApiId=self.api, parentId=parent, pathPart=part)
            self.resources[path] = made["id"]
        return self.resources[path]

    def _make_method(
        self, target: dict[str, str], operation: Properties, shared: dict[str, bool], default_validator: str | None
    ) -> None:
        operation.take_all(*_DOCUMENTARY)
        validator = operation.take(f"{EXTENSION}request-validator", default_validator)
        self.client.put_method(
            **target,
            operationName=operation.take("operationId", ""),
            requestParameters=shared | self._request_parameters(operation),
            requestModels=self._request_models(operation.group("requestBody")),
            **({"requestValidatorId": _made(self.validators, validator, operation)} if validator else {}),
            **self._authorization(operation),
        )
        self._put_method_responses(target, operation.group("responses"))
        self._put_integration(target, operation.group(f"{EXTENSION}integration"))

    def _authorization(self, operation: Properties) -> dict[str, Any]:
        """Who may call a method: `security` names at most one authorizer, and whether an API key is needed."""
        needed = [(name, need) for need in operation.groups("security") for name in need]
        chosen = {"authorizationType": "NONE", "apiKeyRequired": False}
        for name, need in needed:
            scopes = need.take(name)
            if name in self.key_schemes:
                chosen["apiKeyRequired"] = True
            elif chosen["authorizationType"] == "CUSTOM" or scopes:
                raise DocumentError(f"{need.at(name)}: a method has one authorizer, and a Lambda authorizer no scopes")
            else:
                chosen |= {"authorizationType": "CUSTOM", "authorizerId": _made(self.authorizers, name, need)}
        return chosen

    def _request_parameters(self, node: Properties) -> dict[str, bool]:
        """Whether each parameter is required, which is all that API Gateway can check of them."""
        found: dict[str, bool] = {}
        for parameter in node.groups("parameters"):
            place = parameter.take("in")
            if place not in _PLACES:
                raise DocumentError(f"{parameter.at('in')}: API Gateway has no {place} parameters")
            found[f"method.request.{_PLACES[place]}.{parameter.take('name')}"] = parameter.take("required", False)
            parameter.take_all("schema", "style", "explode", *_DOCUMENTARY)
        return found

    def _request_models(self, body: Properties) -> dict[str, str]:
        body.take_all("required", *_DOCUMENTARY)
        return self._models_of(body.group("content"))

    def _models_of(self, content: Properties) -> dict[str, str]:
        """Models by media type."""
        found: dict[str, str] = {}
        for media in content:
            kind = content.group(media)
            kind.take_all(*_DOCUMENTARY)
            schema = kind.group("schema")
            name = _model_name(schema.take("$ref", ""))
            if name not in self.models:
                raise DocumentError(f"{content.at(media)}: the schema is not a reference to a model of this document")
            found[media] = name
        return found

    def _put_method_responses(self, target: dict[str, str], responses: Properties) -> None:
        for status in responses:
            if not status.isdigit():
                raise DocumentError(f"{responses.at(status)}: API Gateway takes only numeric statuses")
            response = responses.group(status)
            headers = response.group("headers")
            self.client.put_method_response(
                **target,
                statusCode=status,
                responseParameters={f"method.response.header.{name}": False for name in headers.rest()},
                responseModels=self._models_of(response.group("content")),
            )
            response.take_all(*_DOCUMENTARY)

    def _put_integration(self, target: dict[str, str], given: Properties) -> None:
        if "type" not in given:
            raise DocumentError(f"{given.at('type')}: {target['httpMethod']} has no integration")
        upper = {name: given.take(name).upper() for name in ("type", "passthroughBehavior") if name in given}
        method = {"integrationHttpMethod": given.take("httpMethod")} if "httpMethod" in given else {}
        rest = given.take_all(
            "uri", "credentials", "requestTemplates", "requestParameters", "timeoutInMillis", "contentHandling",
            "cacheNamespace", "cacheKeyParameters", "connectionType", "connectionId", "tlsConfig",
        )  # fmt: skip
        self.client.put_integration(**target, **upper, **method, **rest)
        responses = given.group("responses")
        for pattern in responses:
            response = responses.group(pattern)
            selection = {} if pattern == "default" else {"selectionPattern": pattern}
            status = str(response.take("statusCode"))
            answer = response.take_all("responseParameters", "responseTemplates", "contentHandling")
            self.client.put_integration_response(**target, statusCode=status, **selection, **answer)


def _model_name(reference: str) -> str:
    return reference.removeprefix("#/components/schemas/")


def _made(names: dict[str, str], name: str, node: Properties) -> str:
    if name not in names:
        raise DocumentError(f"{node.at(name)}: the document does not define {name}")
    return names[name]
