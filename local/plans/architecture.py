"""What the resources of a plan mean together: which function serves which method, with which role and permissions.

The plan must have the ids and ARNs of an example account (`local.plans.plan.example`).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast

from local.engine import Deployment, Resource

HTTP_METHODS: Final = frozenset(
    {"delete", "get", "head", "options", "patch", "post", "put", "trace", "x-amazon-apigateway-any-method"}
)
API_TYPES: Final = ("aws:apigateway/restApi:RestApi", "aws:apigatewayv2/api:Api")
AUTHORIZER: Final = "x-amazon-apigateway-authorizer"
INTEGRATION: Final = "x-amazon-apigateway-integration"

_FUNCTION_ARN: Final = re.compile(r"arn:[^:]*:lambda:[^:]*:[^:]*:function:(?P<name>[^:/]+)")

Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A statement of a policy. `role` is the name of the role that it permits something, empty for other policies."""

    role: str
    resource: Resource
    statement: Document


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method of a path. `function` and `authorizer` are the names of functions, empty without any."""

    name: str
    path: str
    function: str
    authorizer: str
    operation: str
    """The name of the route that it belongs to."""


@dataclass(frozen=True)
class Architecture:
    """A planned stack, read by subject. Functions, roles and tables are identified by their names in AWS."""

    deployment: Deployment

    def of_type(self, suffix: str) -> dict[str, Resource]:
        """Return the resources of a type (`dynamodb/table:Table`) by their names in AWS."""
        return {each.inputs["name"]: each for each in self.deployment.of_type(f"aws:{suffix}")}

    @cached_property
    def functions(self) -> dict[str, Resource]:
        """All functions."""
        return self.of_type("lambda/function:Function")

    @cached_property
    def apis(self) -> tuple[Resource, ...]:
        """The APIs, usually one."""
        return tuple(each for type_ in API_TYPES for each in self.deployment.of_type(type_))

    def functions_of(self, role: Resource) -> list[str]:
        """Return the names of the functions that use a role."""
        return [name for name, each in self.functions.items() if each.inputs["role"] == role.outputs["arn"]]

    @cached_property
    def grants(self) -> tuple[Grant, ...]:
        """Every statement of every policy, except for those that say who may assume a role."""
        roles: dict[str, list[str]] = {}
        for each in self.attachments:
            roles.setdefault(each.inputs["policyArn"], []).append(str(each.inputs["role"]))
        return tuple(grant for each in self.deployment.resources for grant in _grants(each, roles))

    @property
    def attachments(self) -> tuple[Resource, ...]:
        """Which managed policies roles have."""
        return self.deployment.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")

    def grants_of(self, role: str) -> list[Grant]:
        """Return the statements that say what a role may do."""
        return [grant for grant in self.grants if grant.role == role]

    @cached_property
    def methods(self) -> tuple[Method, ...]:
        """Every method of every path of the APIs."""
        return tuple(method for api in self.apis for method in _methods(json.loads(api.inputs["body"])))

    @cached_property
    def permissions(self) -> tuple[Resource, ...]:
        """Which services may invoke the functions."""
        return self.deployment.of_type("aws:lambda/permission:Permission")


def statements(document: Any) -> list[Document]:
    """Return the statements of a policy document; an empty list if the value is no policy document."""
    if isinstance(document, str) and document.lstrip().startswith("{"):
        try:
            document = json.loads(document)
        except ValueError:
            return []
    found: Any = cast("Document", document).get("Statement", []) if isinstance(document, dict) else []
    return cast("list[Document]", found if isinstance(found, list) else [found])


def texts(value: Any) -> list[str]:
    """Return the texts of a policy's element, which may be one text or a list of them."""
    return cast("list[str]", [value] if isinstance(value, str) else list(value or ()))


def function_name(text: str) -> str:
    """Return the name of the function whose ARN a text is or contains; without an ARN, the text itself."""
    found = _FUNCTION_ARN.search(text)
    return found["name"] if found else text


def _grants(resource: Resource, attached: Mapping[str, Sequence[str]]) -> Iterator[Grant]:
    """Yield the statements of a resource, once for each role that has it; `attached` are roles by a policy's ARN."""
    match resource.type:
        case "aws:iam/rolePolicy:RolePolicy":
            roles: Sequence[str] = [str(resource.inputs["role"])]
        case "aws:iam/policy:Policy":
            roles = attached.get(resource.outputs["arn"], [""])
        case _:
            roles = [""]
    for name, value in resource.inputs.items():
        if name != "assumeRolePolicy":
            for statement in statements(value):
                yield from (Grant(role=role, resource=resource, statement=statement) for role in roles)


def _methods(body: Mapping[str, Any]) -> Iterator[Method]:
    components: Mapping[str, Any] = body.get("components", {})
    schemes: Mapping[str, Any] = components.get("securitySchemes", {})
    for path, operations in body["paths"].items():
        for name, operation in operations.items():
            if name in HTTP_METHODS:
                yield Method(
                    name=name.upper(),
                    path=path,
                    function=function_name(_integration(operation, components).get("uri", "")),
                    authorizer=_authorizer(operation.get("security", ()), schemes),
                    operation=operation.get("operationId", "").removesuffix(f"-{name}" if name == "head" else ""),
                )


def _integration(operation: Document, components: Mapping[str, Any]) -> Document:
    """Return a method's integration, which several methods of an HTTP API can share."""
    found: Document = operation.get(INTEGRATION, {})
    shared = components.get(f"{INTEGRATION}s", {})
    return shared[found["$ref"].rpartition("/")[2]] if "$ref" in found else found


def _authorizer(security: Sequence[Document], schemes: Mapping[str, Any]) -> str:
    """Return the function that authorizes a method; empty if a request needs none.

    API Gateway requires all of the listed schemes, although they are alternatives in OpenAPI.
    """
    found = (schemes.get(name, {}).get(AUTHORIZER) for each in security for name in each)
    return next((function_name(each["authorizerUri"]) for each in found if each), "")
